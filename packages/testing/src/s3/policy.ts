/** A policy of Amazon's kind, as far as documents of this project need it: no principals, no conditions. */
export interface Policy {
  Statement: readonly {
    Effect: 'Allow' | 'Deny';
    Action: string | readonly string[];
    Resource: string | readonly string[];
  }[];
}

/** What is not allowed is denied, and what is denied is not allowed by anything else. Null allows everything. */
export function allows(policy: Policy | null, action: string, resource: string): boolean {
  if (policy === null) return true;
  const matching = policy.Statement.filter(
    ({ Action, Resource }) => matches(Action, action) && matches(Resource, resource),
  );
  return matching.length > 0 && matching.every(({ Effect }) => Effect === 'Allow');
}

function matches(patterns: string | readonly string[], text: string): boolean {
  return [patterns].flat().some((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
    return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
  });
}
