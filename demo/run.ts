import { type Explanation, type RunProgress, WebspexError } from '../src/index.ts';
import { earlierTexts, keepText } from './earlier-texts.ts';
import { fitsPlayers, load } from './load.ts';
import { clearProblem, enter, sayBadge } from './page-state.ts';
import { parts } from './parts.ts';
import { players } from './players.ts';
import { sayFields, session, show } from './session.ts';
import { fromEarlierTexts, settings } from './settings.ts';
import { strings } from './strings.ts';

/**
 * Explains the text in the box, showing every snapshot. Before the model is there it only notes the wish; `load` is begun anew where it had
 * failed. @throws WebspexError whatever the run throws; snapshots stay on screen.
 */
export async function run(): Promise<void> {
  if (session.run) return;
  clearProblem();
  session.waiting = false;
  settings(); // what is wrong with the fields is said before anything is waited for
  if (!session.engine || !fitsPlayers()) {
    session.waiting = true;
    const loading = parts.main.dataset.state === 'loading' ? null : load();
    parts.status.textContent = strings.waiting;
    parts.stop.disabled = false; // the wish can be taken back
    if (!loading) return; // whoever loads will run
    await loading;
    if (!session.engine || !session.waiting) return;
  }
  session.waiting = false;
  session.stopping = false;
  const { engine } = session;
  const [asked, begins] = [settings(), fromEarlierTexts()];
  const wordPrior = begins ? await earlierTexts(engine) : undefined;
  if (session.run || session.engine !== engine) return; // it was pressed again, or another model was chosen
  const { lens, train, ablation, rescale, reference, layers } = asked;
  session.run = engine.explain(parts.text.value, { ...asked, wordPrior, onProgress: sayProgress });
  parts.progress.value = 0;
  enter('running');
  try {
    for await (const snapshot of session.run) {
      players.shown = { lens, train, ablation, rescale, reference, layers };
      show(snapshot);
      sayBadge('live');
    }
    const explanation = await session.run.result;
    finish(explanation);
    const kept = begins ? await keepText(engine, explanation) : null;
    if (kept !== null) parts.status.textContent += strings.textsKept(kept);
  } catch (error) {
    if (parts.badge.classList.contains('live')) sayBadge('stopped');
    if (error instanceof WebspexError && error.code === 'aborted') return stoppedEarly();
    throw error;
  } finally {
    session.run = null;
  }
}

/** Ends the run early; what is known is kept. Before it has begun, the model goes on loading and nothing is explained then. */
export function stop(): void {
  session.run?.stop();
  session.stopping = true;
  session.waiting = false;
  parts.stop.disabled = true;
  parts.status.textContent = session.run ? strings.stopping : strings.takenBack;
}

function finish({ fit, timing }: Explanation): void {
  const stopped = session.stopping && fit.heldOut > 0 && fit.queries < fit.budget;
  enter(stopped ? 'stopped' : 'done');
  parts.status.textContent = stopped ? strings.stopped(fit.queries) : strings.done(fit.queries, timing.evaluateMs + timing.decodeMs);
  sayBadge(stopped ? 'stopped' : 'done');
  sayFields();
}

/** Stopped before there was anything to keep: no error, and the earlier result stays. */
function stoppedEarly(): void {
  enter('stopped');
  parts.status.textContent = strings.stoppedEarly;
}

function sayProgress(p: RunProgress): void {
  session.speed.rate = p.masksPerSecond / 1000;
  const total = p.queries + Math.round((p.etaMs * p.masksPerSecond) / 1000);
  parts.progress.value = p.queries / Math.max(1, total);
  if (session.stopping) return;
  parts.status.textContent =
    p.phase === 'decoding' ? strings.decoding(p.queries) : strings.evaluating(p.queries, total, p.masksPerSecond, p.etaMs);
}
