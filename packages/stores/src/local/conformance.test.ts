import { systemIds } from '@holdfast/shared/lifecycle';
import { describeStore } from '@holdfast/testing/stores';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { localDestination, testSettings } from '../testing.ts';
import { openLocalStore } from './index.ts';
import { temporaryPath } from './names.ts';

describeStore('the local store', async () => {
  const root = await mkdtemp(join(tmpdir(), 'holdfast-local-'));
  const store = openLocalStore(localDestination('tenant/1'), { ...testSettings, localRoot: root });
  return {
    store,
    partSize: 64 * 1024,
    leaveUpload: async (key) => {
      const path = temporaryPath(join(root, 'tenant/1', key), systemIds.uuid());
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'half a dump');
    },
    close: async () => {
      await store.close();
      await rm(root, { recursive: true });
    },
  };
});
