/**
 * Seeds that once found something, and what. They are lived again with every
 * change; a plan that is drawn differently gives them another life, so what they
 * found has a test of its own as well, named by behaviour.
 */
export const REGRESSIONS: readonly { readonly seed: number; readonly found: string }[] = [];
