import { expect } from 'chai';
import type { ObjectStore } from '@holdfast/shared/domain';
import { openRemoteBed, type RemoteBed } from './bed.test.ts';

describe('remote dialect: a record of what to clean up', () => {
  let bed: RemoteBed;
  before(async () => {
    bed = await openRemoteBed();
  });
  after(() => bed.stop());

  it('stands before an upload is opened and before the manifest is written', async () => {
    const seen: [what: string, records: unknown[]][] = [];
    const note = async (what: string, key: string): Promise<void> => {
      const under = `select attempt, settled from holdfast.backup_attempts where starts_with('${key}', prefix)`;
      seen.push([what, await bed.api.own.query(under)]);
    };
    const { deps } = bed.api;
    const openStore = deps.openStore.bind(deps);
    deps.openStore = (destination) => {
      const store = openStore(destination);
      const uploads = store.remoteUploads;
      if (!uploads) return store;
      const watched: Pick<ObjectStore, 'put' | 'remoteUploads'> = {
        put: async (key, body, options) => {
          await note('put', key);
          return await put(key, body, options);
        },
        remoteUploads: {
          open: async (key, options) => {
            await note('open', key);
            return await uploads.open(key, options);
          },
          complete: (upload, options) => uploads.complete(upload, options),
        },
      };
      const put = store.put.bind(store);
      return Object.assign(store, watched);
    };
    const { backup, archive } = await bed.uploaded();
    expect((await bed.report(backup, archive)).status).to.equal(204);
    const open = [{ attempt: 1, settled: false }];
    expect(seen).to.deep.equal([
      ['open', open],
      ['put', open],
    ]);
    expect((await bed.row(backup)).status).to.equal('done');
  });
});
