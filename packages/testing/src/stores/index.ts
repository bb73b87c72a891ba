export * from './content.ts';
export * from './suite.ts';
