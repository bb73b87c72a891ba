import { calm, connectionTo } from '@holdfast/testing/engines';
import { majors, startPostgres } from '@holdfast/testing/postgres';
import { expect } from 'chai';
import { createStatement, readProperties } from './properties.ts';
import { withSession } from './session.ts';

/** Databases of every kind of locale that a major has. */
const made: Record<number, string[]> = {
  15: [`locale_provider icu icu_locale 'de-DE'`],
  16: [`locale_provider icu icu_locale 'de-DE' icu_rules '&a < b'`],
  17: [`locale_provider icu icu_locale 'de-DE'`, `locale_provider builtin builtin_locale 'C.UTF-8'`],
  18: [`locale_provider builtin builtin_locale 'C'`],
};

describe('a database made like another', () => {
  for (const major of majors) {
    it(`has the same encoding, locale, owner and tablespace on PostgreSQL ${major}`, async () => {
      const server = await startPostgres({ major });
      const kinds = [`encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`, ...(made[major] ?? [])];
      await withSession(
        connectionTo(server, 'postgres'),
        { ...calm(), lockTimeoutMs: 1000, fallback: 'internal' },
        async (session) => {
          await session.query('create role somebody');
          for (const [index, kind] of kinds.entries()) {
            await session.query(`create database first_${index} template template0 owner somebody ${kind}`);
            const first = await readProperties(session, `first_${index}`);
            const owner = first?.owner ?? null;
            await session.query(createStatement(`second ${index}`, first, owner, session.server));
            const second = await readProperties(session, `second ${index}`);
            expect({ ...second, oid: 0 }).to.deep.equal({ ...first, oid: 0 });
            expect(owner).to.equal('somebody');
          }
        },
      );
      await server.stop();
    });
  }
});
