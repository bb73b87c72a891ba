export * from './address-guard.ts';
export * from './guarded-request.ts';
export * from './redact.ts';
export * from './secret-box.ts';
export * from './signed-links.ts';
export * from './tokens.ts';
