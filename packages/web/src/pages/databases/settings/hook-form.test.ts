import { expect } from 'chai';
import { fieldsOf, hidesSomething, newHook, sentOf } from './hook-form.ts';

describe('the form of a hook', () => {
  it('sends a command as it is shown, each line an argument', () => {
    const shown = { type: 'command', command: 'freeze', arguments: ['shop', '--now'], timeout_seconds: 30 } as const;
    expect(sentOf(fieldsOf({ ...shown, arguments: [...shown.arguments] }))).to.deep.equal(shown);
  });

  it('reads headers up to the first colon, and asks again for what is not shown', () => {
    const sent = sentOf({ ...newHook(), url: ' https://ops.example.com/b ', headers: 'Authorization: Bearer a:b\n\n' });
    expect(sent).to.deep.equal({
      type: 'http',
      method: 'POST',
      url: 'https://ops.example.com/b',
      headers: { Authorization: 'Bearer a:b' },
      timeout_seconds: 60,
    });
    const shown = {
      type: 'http',
      method: 'POST',
      url: 'https://a.example/?…',
      headers: {},
      timeout_seconds: 1,
    } as const;
    expect(hidesSomething(shown)).to.equal(true);
    expect(fieldsOf(shown).url).to.equal('https://a.example/');
    expect(hidesSomething({ ...shown, url: 'https://a.example/' })).to.equal(false);
  });
});
