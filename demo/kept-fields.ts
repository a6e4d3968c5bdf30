import { applyShared, shared } from './settings.ts';
import { type Shared, sharedOf } from './share.ts';
import { chosenTheme, setTheme, type Theme } from './theme.ts';

/** What stays with the tab's own history, which no server sees. */
interface Kept {
  readonly fields: Shared;
  readonly theme: Theme;
}

/** Browsers refuse to be told at every key. */
const PAUSE_MS = 250;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps text, settings and theme, once they rest, for a reload or a way back to the page. */
export function keepFields(): void {
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState({ fields: shared(true), theme: chosenTheme() } satisfies Kept, ''), PAUSE_MS);
}

/** Puts back what was kept but for the model, which is newer than what the address says; it, if anything is other than in a fresh page, else null. */
export function restoreFields(): Shared | null {
  const kept = history.state as Partial<Kept> | null;
  const fields = sharedOf(kept?.fields);
  if (!fields) return null;
  setTheme(kept?.theme);
  const before = JSON.stringify(shared(true));
  applyShared(fields);
  return JSON.stringify(shared(true)) === before && fields.model === '' ? null : fields;
}
