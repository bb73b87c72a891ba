export * from './address-guard.ts';
export * from './secret-box.ts';
export * from './signed-links.ts';
export * from './tokens.ts';
