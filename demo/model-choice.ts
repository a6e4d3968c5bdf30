import type { Task } from '../src/text.ts';
import { sayFieldProblem, watchField } from './field-problem.ts';
import { parts } from './parts.ts';
import type { Lens } from './players.ts';
import { session } from './session.ts';
import { strings } from './strings.ts';

/** What was chosen last besides the embedded model, to come back to. */
let last: readonly File[] | string | null = null;

/** Takes the reader's own files, or an id of the hub, as the model to load from now on. */
function chooseOwn(own: readonly File[] | string): void {
  last = own;
  session.own = own;
  parts.hubField.hidden = typeof own !== 'string';
  parts.modelHint.hidden = true;
  const option = parts.modelChoice.querySelector<HTMLOptionElement>('option[value="own"]');
  if (option) {
    option.textContent = typeof own === 'string' ? own : strings.ownModel(own[0].webkitRelativePath.split('/')[0] || own[0].name);
    option.dataset.hub = typeof own === 'string' ? own : '';
    option.hidden = false;
  }
  parts.modelChoice.value = 'own';
}

/** Back to the embedded model. */
export function chooseEmbedded(): void {
  session.own = null;
  parts.modelChoice.value = 'embedded';
  parts.hubField.hidden = true;
  parts.modelHint.hidden = true;
}

/** Takes a model of the hub that was chosen before the page was left; what is no id is not taken. */
export function restoreHub(id: string): void {
  parts.hubId.value = id;
  if (id !== '' && parts.hubId.validity.valid) chooseOwn(id);
}

/** Offers the model of the hub that a link names: nothing of it is asked for before the reader says so. Another link may name none. */
export function offerLinked(id: string, onChosen: () => void): void {
  const { hubId, hubField, modelHint } = parts;
  modelHint.hidden = true;
  if (id === '' || id === session.own) return;
  const before = hubId.value;
  hubId.value = id;
  if (!hubId.validity.valid) {
    hubId.value = before; // a link is somebody else's data
    return;
  }
  hubField.hidden = false;
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'plain';
  button.textContent = strings.loadLinked(id);
  button.addEventListener('click', () => {
    hubId.value = id;
    chooseOwn(id);
    onChosen();
  });
  modelHint.replaceChildren(strings.linkedModel(id), button);
  modelHint.hidden = false;
}

/** An id as it is written, or the address of its page on the hub. */
function idOf(written: string): string {
  return written
    .trim()
    .replace(/^https?:\/\/(?:www\.)?huggingface\.co\//, '')
    .replace(/\/(?:tree|blob|resolve)\/main(?=\/|$)/, '')
    .replace(/\/$/, '');
}

/** Lets a model be chosen by its list or its id, and files be dropped on the form; `onChosen` where one was. */
export function offerModels(onChosen: () => void): void {
  const { modelChoice, ownFolder, ownFile, hubField, hubId, form } = parts;
  const took = (chosen: readonly File[] | string) => {
    if (chosen.length === 0) return; // none is no choice
    chooseOwn(chosen);
    onChosen();
  };
  modelChoice.addEventListener('change', () => {
    const { value } = modelChoice;
    modelChoice.value = session.own ? 'own' : 'embedded'; // until one has been chosen, which may be given up
    if (value === 'folder') ownFolder.click();
    else if (value === 'file') ownFile.click();
    else if (value === 'hub') {
      hubField.hidden = false;
      hubId.focus();
    } else if (value !== modelChoice.value) {
      if (value === 'embedded') {
        chooseEmbedded();
        onChosen();
      } else if (last) took(last);
    }
  });
  for (const picker of [ownFolder, ownFile])
    picker.addEventListener('change', () => {
      took([...(picker.files ?? [])]);
      picker.value = ''; // the same choice again is a choice
    });
  const tookId = () => {
    hubId.value = idOf(hubId.value);
    if (hubId.validity.valid) took(hubId.value);
    else sayFieldProblem(hubId, parts.hubProblem, strings.badId(hubId.value));
  };
  watchField(hubId, parts.hubProblem);
  hubId.addEventListener('change', () => idOf(hubId.value) !== session.own && tookId());
  hubId.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault(); // it chooses the model and explains nothing yet
    tookId();
  });
  form.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  form.addEventListener('drop', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (!modelChoice.disabled) took([...event.dataTransfer.files]);
  });
}

/** Offers what a loaded model can be asked: labels of a classifier, or words; and masks that it knows. */
export function offerTargets(task: Task | undefined, labels: readonly string[], lens: Lens): void {
  const classifies = task === 'text-classification';
  parts.labelField.hidden = !classifies;
  parts.wordsField.hidden = classifies;
  parts.examples.hidden = session.own !== null;
  parts.words.placeholder = lens === 'data' ? strings.exampleLabel : strings.targets[task ?? 'text-generation'];
  const [predicted] = parts.target.options;
  const before = parts.target.value;
  parts.target.replaceChildren(predicted, ...(classifies ? labels : []).map((label) => new Option(label, label)));
  parts.target.value = labels.includes(before) ? before : '';
  const masks = task !== 'text-generation';
  for (const option of parts.mask.options) if (option.value === 'mask-token' || option.value === 'unk-token') option.disabled = !masks;
  if (parts.mask.selectedOptions[0]?.disabled) parts.mask.value = 'remove';
}
