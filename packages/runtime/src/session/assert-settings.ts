import { AppError, SessionSettings } from "@holdfast/contracts";

/** Refuses settings that could be stored and never be read again. @throws request.invalid */
export function assertSettings(settings: SessionSettings): void {
  const fault = SessionSettings.safeParse(settings).error?.issues[0];
  if (fault === undefined) return;
  const where = fault.path.map(String).join(".");
  const message = `the settings are not usable: ${where === "" ? "they" : where} ${fault.message}`;
  throw new AppError("request.invalid", { message, details: { path: where } });
}
