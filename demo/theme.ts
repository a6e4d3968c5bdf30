import { parts } from './parts.ts';
import { strings } from './strings.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** The colours that the reader has chosen. */
export function chosenTheme(): Theme {
  return THEMES.find((theme) => theme === document.documentElement.dataset.theme) ?? 'auto';
}

/** Takes colours; what is none is `auto`. */
export function setTheme(wanted: unknown): void {
  const theme = THEMES.find((known) => known === wanted) ?? 'auto';
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  parts.theme.textContent = strings.theme[theme];
}

/** The button goes round: as the system says, light, dark. */
export function startTheme(): void {
  parts.theme.addEventListener('click', () => setTheme(THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]));
  setTheme('auto');
}
