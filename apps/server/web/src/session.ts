import { computed, signal } from '@preact/signals';
import type { Session } from './api/types.js';

/** Who is signed in; `undefined` until the server has said, `null` for nobody. */
export const session = signal<Session | null | undefined>(undefined);

/** Whether uploads and jobs may be started. */
export const mayRun = computed(() => session.value?.role === 'run' || session.value?.role === 'admin');

/** Whether tokens and devices may be managed. */
export const mayManage = computed(() => session.value?.role === 'admin');
