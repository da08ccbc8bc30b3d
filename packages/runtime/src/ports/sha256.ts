/** SHA-256 of a text's UTF-8 bytes as base64url without padding: 43 characters. */
export type Sha256 = (text: string) => string;
