import type { HookEnd, HookFacts, HttpHook, Secret } from '@holdfast/shared/domain';
import { sendGuarded, whyNoAnswer, type AddressGuard } from '@holdfast/shared/security';

/** Of an answer. */
const mostBytes = 16 * 1024;

/** Sends a hook's request, once. */
export async function runHttpHook(
  hook: HttpHook,
  facts: HookFacts,
  options: { guard: AddressGuard; secrets: readonly Secret[]; signal: AbortSignal },
): Promise<Omit<HookEnd, 'outcome' | 'exitCode'>> {
  const { method, url } = hook;
  const headers = Object.entries(hook.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]);
  const body = method === 'GET' ? null : JSON.stringify(bodyOf(facts));
  const request = { method, url, headers: Object.fromEntries(headers) as Record<string, string>, body };
  try {
    const { status, text } = await sendGuarded(request, { ...options, mostBytes });
    return { httpStatus: status, problem: status >= 200 && status < 300 ? null : wrongAnswer(status), output: text };
  } catch (error) {
    const { refused, words } = whyNoAnswer(error, options.secrets);
    return { httpStatus: null, problem: `${refused ? 'was not sent' : 'got no answer'}: ${words}`, output: '' };
  }
}

const wrongAnswer = (status: number): string =>
  status >= 300 && status < 400
    ? `was answered with ${status}, a redirect, which is not followed`
    : `was answered with ${status}`;

/** As `HookFacts`, in the words of the API. */
function bodyOf({ hook, backupId, databaseId, database, attempt, result }: HookFacts) {
  return {
    hook,
    backup_id: backupId,
    database_id: databaseId,
    database,
    attempt,
    status: result?.status ?? null,
    error_code: result?.errorCode ?? null,
  };
}
