import { readableLabels, shorten } from '../src/element.ts';
import type { ExplainRun, Explanation } from '../src/index.ts';
import type { RemoteExplainer } from '../src/text.ts';
import { verifyObstacle } from './ask.ts';
import { keepFields } from './kept-fields.ts';
import { parts } from './parts.ts';
import { type Speed, sayBudget, sayChoices, sayHint } from './settings.ts';
import { strings } from './strings.ts';
import { LONGEST_NAME } from './verify.ts';

/** What the page knows between two clicks. */
export const session = {
  engine: null as RemoteExplainer | null,
  run: null as ExplainRun | null,
  /** The reader's own model: files, or an id of the hub; null for the embedded one. */
  own: null as readonly File[] | string | null,
  /** The model was loaded without its head, to train others. */
  headless: false,
  /** Stop was pressed in the run that is under way. */
  stopping: false,
  /** Explain was pressed before the model was there. */
  waiting: false,
  /** The reader, or a link, has chosen the number of passes. */
  budgetChosen: false,
  /** The target that a link asks for; labels are known only once the model is here. */
  linkTarget: '',
  /** What a link has said, until the model is here. */
  linkSaid: '',
  speed: { rate: 0, device: strings.device.gpu } as Speed,
};

/** Puts an explanation on screen; what was verified of an earlier one goes. */
export function show(e: Explanation): void {
  parts.view.result = e;
  parts.said.textContent = `“${e.target}”`;
  parts.verified.replaceChildren();
  sayVerify();
}

/** What Verify would take, or why it can take nothing. */
export function sayVerify(): void {
  const { result, selected } = parts.view;
  const obstacle = verifyObstacle(session.engine, result, selected);
  parts.verify.disabled = obstacle !== null;
  parts.verifyWhat.title = '';
  if (obstacle !== null) parts.verifyWhat.textContent = obstacle;
  else if (result && selected) {
    const labels = readableLabels(result);
    parts.verifyWhat.textContent = selected.map((m) => shorten(labels[m], LONGEST_NAME)).join(' × ');
    parts.verifyWhat.title = selected.map((m) => labels[m]).join(' × ');
  }
}

/** Says what the fields mean now, and keeps them. */
export function sayFields(): void {
  keepFields();
  sayBudget(session.speed, session.engine?.parts);
  sayChoices();
  sayHint(() => {
    parts.units.value = 'sentence';
    sayFields();
  });
}
