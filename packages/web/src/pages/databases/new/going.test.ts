import { expect } from 'chai';
import { chosenOf } from './going.ts';

describe('where backups go, until somebody chooses', () => {
  const folder = { id: 1, type: 'local' } as const;
  const bucket = { id: 2, type: 'custom_s3' } as const;

  it('is off-site as soon as there is such a destination', () => {
    expect(chosenOf({ chosen: null }, [])).to.equal('');
    expect(chosenOf({ chosen: null }, [folder])).to.equal('1');
    expect(chosenOf({ chosen: null }, [bucket, folder])).to.equal('2');
    expect(chosenOf({ chosen: null }, [folder, bucket])).to.equal('2');
  });

  it('stays what was chosen, also a new one', () => {
    expect(chosenOf({ chosen: '1' }, [bucket, folder])).to.equal('1');
    expect(chosenOf({ chosen: '' }, [bucket, folder])).to.equal('');
  });
});
