import { fakePrograms } from '@holdfast/testing/engines';

const versionLine = (name: string): string =>
  `if (process.argv[2] === '--version') { console.log('${name} version: 100.99.0'); process.exit(0); }`;

const sources = {
  mongodump: import.meta.resolve('./mongodump.ts'),
  mongorestore: import.meta.resolve('./mongorestore.ts'),
} as const;

const run = (name: 'mongodump' | 'mongorestore'): string => `${versionLine(name)}
  import(${JSON.stringify(sources[name])})
    .then(({ ${name} }) => ${name}(process.argv.slice(2)))
    .catch((error) => {
      const lost = /^Mongo(Network|ServerSelection)/.test(error.name) ? 'server selection error: ' : '';
      console.error('Failed: ' + lost + error.message);
      process.exit(1);
    });`;

/** Programs that do what MongoDB's do, as far as our tests need it. @returns their folder */
export const testPrograms = (): string =>
  fakePrograms({ mongodump: run('mongodump'), mongorestore: run('mongorestore') });

/** The same, one of which does something else instead. */
export const testProgramsWith = (name: 'mongodump' | 'mongorestore', source: string): string =>
  fakePrograms({
    mongodump: run('mongodump'),
    mongorestore: run('mongorestore'),
    [name]: `${versionLine(name)}\n${source}`,
  });
