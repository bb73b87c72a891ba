import { openClient } from '@holdfast/client';

/** Same origin: the session's cookie goes along by itself. */
export const api = openClient({ baseUrl: '' });
