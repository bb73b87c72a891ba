/** One pattern, made ready. */
interface Rule {
  /** Matches the path below the root, without a leading slash. */
  matches: RegExp;
  directoriesOnly: boolean;
}

/**
 * Patterns in the manner of `.gitignore`: `*.log` fits a name at any depth, one with a slash inside or in front fits from
 * the root, one with a slash behind fits directories only. `*` and `?` do not cross slashes, `**` does. Patterns that are
 * empty are left out.
 */
export function ignoreRules(patterns: readonly string[]): Rule[] {
  return patterns.flatMap((pattern) => {
    const bare = pattern.replace(/^\/|\/$/g, '');
    if (bare === '') return [];
    const anchored = pattern.replace(/\/$/, '').includes('/');
    const source = bare.replaceAll(/\*\*\/|\*\*|\*|\?|[$()+.[\\\]^{|}]/g, (found) => {
      if (found === '**/') return '(?:.*/)?';
      if (found === '**') return '.*';
      if (found === '*') return '[^/]*';
      return found === '?' ? '[^/]' : `\\${found}`;
    });
    return [
      { matches: new RegExp(`^${anchored ? '' : '(?:.*/)?'}${source}$`, 'su'), directoriesOnly: pattern.endsWith('/') },
    ];
  });
}

/** What is in an ignored directory is not looked at. */
export function isIgnored(rules: readonly Rule[], path: string, isDirectory: boolean): boolean {
  return rules.some(({ matches, directoriesOnly }) => (isDirectory || !directoriesOnly) && matches.test(path));
}
