export { runVerification } from './run.ts';
export { dropScratch } from './scratch.ts';
export type { VerificationRun } from './verification-run.ts';
