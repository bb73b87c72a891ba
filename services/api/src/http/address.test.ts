import { expect } from 'chai';
import * as fc from 'fast-check';
import { hostProblem } from './address.ts';

describe('hosts', () => {
  it('takes names and addresses of databases', () => {
    const good = [
      'localhost',
      'db',
      'db.example.com',
      'db.example.com.',
      'my_db-1.internal',
      '127.0.0.1',
      '10.0.0.7',
      '::1',
    ];
    for (const host of [...good, '2001:db8::1', 'a1.b2', 'xn--bcher-kva.example'])
      expect(hostProblem(host), host).to.equal(null);
  });

  it('takes nothing that a program could read as a flag, a path, a list or a URL', () => {
    const part = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(
        part,
        fc.constantFrom('-', '/', ' ', ',', '@', '\\', '?', '#', '\n', '\0', '%', '=', "'"),
        part,
        (a, b, c) => {
          const host = `${a}${b}${c}`;
          // A hyphen is part of names, but not of their beginning.
          const tried = b === '-' ? `-${c}` : host;
          expect(hostProblem(tried), JSON.stringify(tried)).to.be.a('string');
        },
      ),
    );
  });

  it('takes no notation of a link-local address', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), (c, d) => {
        const number = 169 * 2 ** 24 + 254 * 2 ** 16 + c * 256 + d;
        const notations = [`169.254.${c}.${d}`, `::ffff:169.254.${c}.${d}`, String(number), `0x${number.toString(16)}`];
        for (const host of [
          ...notations,
          `0${number.toString(8)}`,
          `169.254.${c * 256 + d}`,
          `169.${number - 169 * 2 ** 24}`,
        ]) {
          expect(hostProblem(host), host).to.be.a('string');
        }
      }),
    );
  });
});
