import { expect } from 'chai';
import * as fc from 'fast-check';
import { agoText, bytesText, durationText } from './figures.ts';
import { coloured, noStyle } from './style.ts';
import { table } from './table.ts';
import { cut, plain, widthOf } from './text.ts';

describe('what is printed', () => {
  it('writes sizes and times with three figures at most and their units', () => {
    const sizes = [null, 0, 1023, 1024, 1_048_575, 1_048_576, 107_374_182_400].map(bytesText);
    expect(sizes).to.deep.equal(['–', '0 B', '1023 B', '1.0 KiB', '1.0 MiB', '1.0 MiB', '100 GiB']);
    const spans = [null, 0, 59.6, 61, 3600, 3659, 90_000, 86_400 * 3].map(durationText);
    expect(spans).to.deep.equal(['–', '0 s', '1 min', '1 min 1 s', '1 h', '1 h', '1 d 1 h', '3 d']);
    const now = new Date('2026-01-02T00:00:00Z');
    expect(agoText('2026-01-01T22:30:00Z', now)).to.equal('1 h ago');
    expect(agoText('2026-01-02T00:05:30Z', now)).to.equal('in 5 min');
  });

  it('gives a terminal nothing to obey of what comes from elsewhere', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plain(text)).to.not.match(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
      { numRuns: 50 },
    );
    const hostile = '\u001B]0;title\u0007\u001B[31mred\u001B[0m\u202Eback\r\nline';
    expect(table([hostile], [{ title: 'NAME', text: (row) => row }], { width: null, style: noStyle })).to.not.match(
      /[\p{Cc}\p{Bidi_Control}](?<!\n)/u,
    );
  });

  it('is as wide as the terminal at most, and whole where there is none', () => {
    const rows = [
      { name: '備份'.repeat(30), id: '1' },
      { name: 'x', id: '22' },
    ];
    const columns = [
      { title: 'NAME', text: (row: { name: string }) => row.name, flexible: true },
      { title: 'ID', text: (row: { id: string }) => row.id, right: true },
    ];
    const narrow = table(rows, columns, { width: 40, style: coloured }).split('\n');
    for (const line of narrow) expect(widthOf(line)).to.be.at.most(40);
    expect(table(rows, columns, { width: null, style: noStyle })).to.contain('備份'.repeat(30));
    expect(cut('備份', 3)).to.equal('備…');
  });
});
