import { WebspexError } from '../src/index.ts';
import { parts } from './parts.ts';
import { ADVICE, type Advice, REMEDIES, type Remedy, strings } from './strings.ts';

export type State = 'stored' | 'loading' | 'ready' | 'running' | 'done' | 'stopped' | 'error';

/** Puts the page into a state: what can be pressed, and what a screen reader is told without asking. */
export function enter(state: State): void {
  const running = state === 'running';
  parts.main.dataset.state = state;
  parts.main.setAttribute('aria-busy', String(running || state === 'loading'));
  parts.explain.disabled = running;
  for (const field of [parts.device, parts.modelChoice, parts.hubId, parts.units]) field.disabled = running; // a run ends on what it began on
  parts.stop.disabled = !running;
  parts.progress.hidden = !running;
  parts.status.setAttribute('aria-live', running ? 'off' : 'polite'); // counting aloud helps nobody; the bar can be asked
}

/** What became of the result on screen. */
export function sayBadge(kind: keyof typeof strings.badge): void {
  parts.badge.textContent = strings.badge[kind];
  parts.badge.className = `badge ${kind}`;
}

/** Shows one cause and one action, those of the error's code or others that fit it better here; all that was known stays on screen. */
export function sayProblem(error: unknown, act: (remedy: Remedy) => void, better: Partial<Advice> = {}): void {
  const { code, message } =
    error instanceof WebspexError ? error : new WebspexError('self-check', `page: ${String(error)}; please report it`);
  const { cause, remedy } = { ...ADVICE[code], ...better };
  parts.problemCause.textContent = cause;
  parts.problemCode.textContent = code;
  parts.problemDetail.textContent = message;
  parts.problemAction.textContent = REMEDIES[remedy];
  parts.problemAction.onclick = () => {
    clearProblem();
    act(remedy);
  };
  parts.problem.hidden = false;
  parts.status.textContent = '';
  enter('error');
  parts.problem.scrollIntoView({ block: 'nearest' });
}

export function clearProblem(): void {
  parts.problem.hidden = true;
}
