#!/usr/bin/env node
// Runs src/main.ts under a Node.js that runs TypeScript: this one, or the private one that set-up brought.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const oldest = [22, 18];
const root = fileURLToPath(new URL('../../..', import.meta.url));

if (runsTypeScript(process.versions.node)) {
  // Sources are stripped of their types once, where that folder can be written.
  module.enableCompileCache(join(root, '.holdfast', 'compile-cache'));
  await import('../src/main.ts');
} else {
  const node = privateNode();
  if (node === null) {
    process.stderr.write(
      `holdfast: Node.js ${process.versions.node} is too old to run TypeScript: install Node.js 24 (${oldest.join('.')} at least),` +
        ' or run `npm start` once, which brings its own.\n',
    );
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends SIGINT to the child too.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}

function runsTypeScript(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function privateNode() {
  const folder = join(root, '.holdfast');
  const versions = existsSync(folder) ? readdirSync(folder).filter((name) => /^node-\d/.test(name)) : [];
  return (
    versions
      .filter((name) => runsTypeScript(name.slice('node-'.length)))
      .map((name) => join(folder, name, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node'))
      .find((path) => existsSync(path)) ?? null
  );
}
