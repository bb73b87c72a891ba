export { isRoot, reachableByOthers, unprivileged } from './native.ts';
export { freePort } from './free-port.ts';
export { startEmbeddedPostgres, type EmbeddedOptions, type EmbeddedPostgres } from './server.ts';
