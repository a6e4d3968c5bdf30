import { type Look, readExplanation } from '../src/element.ts';
import { INDICES, METHODS, VERSION, WebspexError } from '../src/index.ts';
import { askWithout, verify, verifyObstacle } from './ask.ts';
import { keepFields, restoreFields } from './kept-fields.ts';
import { fitsPlayers, load, unload } from './load.ts';
import { chooseEmbedded, offerLinked, offerModels, offerTargets, restoreHub } from './model-choice.ts';
import { sayPartsProblem, watchParts } from './model-parts.ts';
import { enter, sayProblem } from './page-state.ts';
import { parts } from './parts.ts';
import { chosenLens, offerPlayers } from './players.ts';
import { run, stop } from './run.ts';
import { copyLink, save } from './save.ts';
import { sayFields, sayVerify, session, show } from './session.ts';
import { applyShared, chosenDevice } from './settings.ts';
import { decodeLink } from './share.ts';
import stored from './stored/acting.json';
import { BAD_EXAMPLES, EXAMPLES, INDEX_NAMES, METHOD_NAMES, type Remedy, strings } from './strings.ts';
import { startTheme } from './theme.ts';

/** The one place where work that a click or the start has begun ends when it fails; an engine that died in it is gone. */
function guarded(work: Promise<void>): void {
  work.catch((error) => {
    if (error instanceof WebspexError && error.code === 'device-lost') unload();
    const field = sayPartsProblem(error);
    if (field) return sayInPlace(field);
    sayProblem(error, act, session.own !== null && !session.engine && ofModel(error) ? { remedy: 'embedded' } : {});
  });
}

/** An error that stands at its field leads there, and leaves the page as it was. */
function sayInPlace(field: HTMLElement): void {
  if (parts.main.dataset.state !== 'loading') enter(session.engine ? 'ready' : 'stored');
  parts.status.textContent = '';
  field.focus();
}

/** Errors that the same files would bring again. */
const OF_MODEL: ReadonlySet<string> = new Set(['usage', 'not-found', 'bad-file', 'hash-mismatch', 'unsupported-model', 'out-of-memory']);

function ofModel(error: unknown): boolean {
  return error instanceof WebspexError && OF_MODEL.has(error.code);
}

/** What is begun by loading. */
const LOADS: ReadonlySet<Remedy> = new Set(['reload', 'embedded', 'cpu', 'float64']);

/** What the button of an error does. */
function act(remedy: Remedy): void {
  if (remedy === 'passes') parts.budget.value = String(Number(parts.budget.value) + 1);
  if (remedy === 'sentences') parts.units.value = 'sentence';
  if (remedy === 'embedded') chooseEmbedded();
  if (remedy === 'cpu') parts.device.value = 'wasm';
  if (remedy === 'float64') parts.device.value = 'reference';
  sayFields();
  if (LOADS.has(remedy)) guarded(start());
  else if (remedy === 'edit') {
    enter(session.engine ? 'ready' : 'stored');
    parts.text.focus();
  } else guarded(run());
}

/** Loads the model, asks it for words that were switched off meanwhile, and explains if that was wished for meanwhile. */
async function start(): Promise<void> {
  await load();
  if (!session.engine) return; // another load has overtaken this one, and will go on
  if (session.waiting) await run();
  else await askWithout(session.engine);
}

/** Other players may need the model loaded otherwise, and other targets. */
async function changePlayers(): Promise<void> {
  sayFields();
  const { engine } = session;
  if (!engine) return;
  if (fitsPlayers()) offerTargets(engine.task, engine.model.labels, chosenLens());
  else await start();
}

async function verifyChosen(): Promise<void> {
  const { engine } = session;
  const { result, selected } = parts.view;
  const obstacle = verifyObstacle(engine, result, selected);
  if (obstacle !== null) parts.verified.textContent = obstacle;
  else if (engine && result && selected) await verify(engine, result, selected);
}

/** Another model was chosen. */
function changeModel(): void {
  sayFields();
  guarded(start());
}

/** Takes over what the address carries after #s=. */
async function applyLink(): Promise<void> {
  const link = await decodeLink(location.hash);
  if (!link) return;
  applyShared(link);
  offerLinked(link.model, changeModel);
  session.linkTarget = link.target;
  session.budgetChosen = true;
  sayFields();
  session.linkSaid = link.text === undefined ? strings.settingsFromLink : strings.fromLink;
  parts.status.textContent = session.linkSaid;
}

/** A link that comes while the page is open may name another device. */
async function followLink(): Promise<void> {
  const before = chosenDevice();
  await applyLink();
  if (chosenDevice() !== before) await start();
}

/** Takes over what was in the fields when the page was left, or what the address carries. */
async function begin(): Promise<void> {
  const kept = restoreFields();
  if (kept === null) await applyLink();
  else {
    restoreHub(kept.model);
    session.linkTarget = kept.target;
    session.budgetChosen = true;
    sayFields();
    session.linkSaid = strings.restored;
    parts.status.textContent = session.linkSaid;
  }
  await start();
}

function offerChoices(): void {
  for (const name of METHODS) parts.method.append(new Option(METHOD_NAMES[name] ?? name, name));
  for (const name of INDICES) parts.index.append(new Option(INDEX_NAMES[name] ?? name, name));
  for (const example of EXAMPLES) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = example;
    button.addEventListener('click', () => {
      parts.text.value = example;
      parts.text.focus();
      sayFields();
    });
    parts.examples.append(button);
  }
}

function listen(): void {
  const { form, text, budget, view } = parts;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    guarded(run());
  });
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    guarded(run());
  });
  form.addEventListener('input', (event) => {
    if (event.target === budget) session.budgetChosen = true;
    sayFields();
  });
  parts.device.addEventListener('change', () => guarded(start()));
  offerModels(changeModel);
  offerPlayers(
    () => guarded(changePlayers()),
    (error) => sayProblem(error, act, BAD_EXAMPLES),
  );
  watchParts();
  parts.theme.addEventListener('click', keepFields);
  parts.stop.addEventListener('click', stop);
  parts.verify.addEventListener('click', () => guarded(verifyChosen()));
  view.addEventListener('spex-verify', () => guarded(verifyChosen()));
  view.addEventListener('spex-select', sayVerify);
  view.addEventListener('spex-toggle', () => {
    sayVerify();
    guarded(askWithout(session.engine));
  });
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-save]'))
    button.addEventListener('click', () => save(button.dataset.save ?? ''));
  parts.link.addEventListener('click', () => guarded(copyLink(true)));
  parts.linkSettings.addEventListener('click', () => guarded(copyLink(false)));
  addEventListener('hashchange', () => guarded(followLink()));
}

function drawStored(): void {
  const explanation = readExplanation(stored.explanation);
  show(explanation);
  parts.view.looks = stored.looks as readonly Look[];
  parts.text.value = explanation.text;
  parts.version.textContent = VERSION;
}

startTheme();
offerChoices();
drawStored();
listen();
sayFields();
guarded(begin());
