export { isRoot, reachableByOthers } from './native.ts';
export { startEmbeddedPostgres, type EmbeddedOptions, type EmbeddedPostgres } from './server.ts';
