import { readFileSync } from 'node:fs';
import { MongoClient } from 'mongodb';

/** The options of a command line, each with its last value. */
export function options(args: readonly string[]): Map<string, string> {
  return new Map(
    args.map((arg) => {
      const [name = '', ...value] = arg.split('=');
      return [name.replace(/^--/, ''), value.join('=')] as const;
    }),
  );
}

/** A client as the options say, the password from the file that they name. */
export function clientOf(asked: ReadonlyMap<string, string>): MongoClient {
  const config = asked.get('config');
  const auth =
    config === undefined
      ? {}
      : {
          auth: {
            username: asked.get('username') ?? '',
            password: JSON.parse(readFileSync(config, 'utf8').replace(/^password: /, '')) as string,
          },
          authSource: asked.get('authenticationDatabase') ?? 'admin',
        };
  return new MongoClient(`mongodb://${asked.get('host') ?? ''}:${asked.get('port') ?? ''}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: 2000,
    ...auth,
  });
}
