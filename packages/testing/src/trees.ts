import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** All that an archive is to give back of a directory: a line for each member, by its path. */
export function treeOf(root: string): Record<string, string> {
  const tree: Record<string, string> = {};
  const names = new Map<string, string>();
  const visit = (path: string): void => {
    const at = join(root, path);
    const stats = lstatSync(at);
    const mtime = Math.floor(stats.mtimeMs / 1000);
    const common = `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${mtime}`;
    if (stats.isSymbolicLink()) tree[path] = `link ${stats.uid}:${stats.gid} ${mtime} -> ${readlinkSync(at)}`;
    else if (stats.isDirectory()) {
      tree[path] = `directory ${common}`;
      for (const name of readdirSync(at)) visit(path === '' ? name : `${path}/${name}`);
    } else {
      const same = names.get(String(stats.ino)) ?? path;
      names.set(String(stats.ino), same);
      tree[path] = `file ${common} ${createHash('sha256').update(readFileSync(at)).digest('hex')} ${same}`;
    }
  };
  visit('');
  return tree;
}
