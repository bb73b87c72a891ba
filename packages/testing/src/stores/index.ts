export * from './content.ts';
export * from './suite.ts';
export { describeVersions, type OpenedVersions } from './versions.ts';
