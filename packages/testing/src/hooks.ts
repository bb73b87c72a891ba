import { releaseAll } from './resources.ts';

/** Stops every server that tests shared, after the last test. */
export const mochaHooks = { afterAll: releaseAll };
