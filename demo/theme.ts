import { parts } from './parts.ts';
import { strings } from './strings.ts';

const THEMES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** The button goes round: as the system says, light, dark. */
export function startTheme(): void {
  const root = document.documentElement;
  const set = (theme: Theme) => {
    if (theme === 'auto') delete root.dataset.theme;
    else root.dataset.theme = theme;
    parts.theme.textContent = strings.theme[theme];
  };
  parts.theme.addEventListener('click', () => {
    const now = (root.dataset.theme ?? 'auto') as Theme;
    set(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  });
  set('auto');
}
