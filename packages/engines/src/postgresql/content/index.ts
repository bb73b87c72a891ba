export { contentOfDump } from './during-dump.ts';
export { readContent } from './read.ts';
