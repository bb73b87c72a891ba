export { RdbFault } from './fault.ts';
export { restorePayload } from './payload.ts';
export { Rewriter } from './rewriter.ts';
export { RdbWalker, type RdbEntry } from './walker.ts';
