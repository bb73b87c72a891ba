/** Commands that are programs of their own, with options, output and exit codes of their own. */
const programs: Readonly<Record<string, () => Promise<unknown>>> = {
  recover: () => import('@holdfast/recover/src/main.ts'),
  agent: () => import('@holdfast/agent/src/main.ts'),
};

/** Hands the rest of the arguments to another program, where the first names one. @returns whether it did */
export async function handOver(args: readonly string[]): Promise<boolean> {
  const [name = '', ...rest] = args;
  const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
  if (!program) return false;
  process.argv.splice(2, process.argv.length, ...rest);
  await program();
  return true;
}
