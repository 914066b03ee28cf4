import { sentenceOfError } from '../sentences.ts';
import { button, element, focusInRow, newId, setText } from './dom.ts';
import { text } from '../texts.ts';

interface Question {
  title: string;
  /** The content between the title and the buttons. */
  parts: readonly Node[];
  /** The label of the button that calls `run`; without one, the dialog can only be closed. */
  confirm?: string;
  isDanger?: boolean;
  /** Does what was asked about; an error is shown, and the dialog stays open. */
  run?: () => Promise<unknown> | void;
  /** Called after a successful `run`, when the dialog is closed and the focus is back. */
  after?: () => void;
}

/** Opens a dialog that asks before something is done; Escape and "Cancel" close it. */
export function openDialog(question: Question): HTMLDialogElement {
  const { title, parts, confirm, isDanger, run, after } = question;
  const heading = element('h2', 'dialog-title', title);
  heading.id = newId();
  const problem = element('p', 'problem');
  problem.role = 'alert';
  problem.hidden = true;
  const doIt = element(
    'button',
    `button is-primary${isDanger === true ? ' is-danger' : ''}`,
    confirm ?? '',
  );
  doIt.type = 'submit';
  const form = element('form', 'dialog-form', heading, ...parts, problem);
  const dialog = element('dialog', 'dialog', form);
  const close = button(
    text(confirm === undefined ? 'close' : 'cancel'),
    () => dialog.close(),
    'button',
  );
  const buttons = element('div', 'dialog-buttons', close);
  if (confirm !== undefined) buttons.append(doIt);
  form.append(buttons);
  form.noValidate = true;
  dialog.setAttribute('aria-labelledby', heading.id);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void submit();
  });
  const opener = document.activeElement;
  let isDone = false;
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener instanceof HTMLElement) focusInRow(opener);
    if (isDone) after?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;

  async function submit(): Promise<void> {
    if (doIt.ariaDisabled === 'true') return;
    doIt.ariaDisabled = 'true';
    problem.hidden = true;
    try {
      await run?.();
      isDone = true;
      dialog.close();
    } catch (error) {
      problem.hidden = false;
      setText(problem, sentenceOfError(error));
    } finally {
      doIt.ariaDisabled = null;
    }
  }
}

/** A field with its label above it. */
export function field(
  label: string,
  input: HTMLInputElement | HTMLSelectElement,
  hint = '',
): HTMLDivElement {
  input.id = newId();
  const name = element('label', '', label);
  name.htmlFor = input.id;
  const made = element('div', 'field', name, input);
  if (hint !== '') {
    const about = element('p', 'hint', hint);
    about.id = newId();
    input.setAttribute('aria-describedby', about.id);
    made.append(about);
  }
  return made;
}

/** A checkbox with its label and a sentence about it. */
export function box(label: string, hint: string, isOn: boolean) {
  const input = element('input', '');
  input.type = 'checkbox';
  input.checked = isOn;
  input.id = newId();
  const name = element('label', '', label);
  name.htmlFor = input.id;
  const about = element('p', 'hint', hint);
  about.id = newId();
  input.setAttribute('aria-describedby', about.id);
  return { input, part: element('div', 'box', input, name, about) };
}

/** A field to choose one of several options. */
export function select(
  options: readonly (readonly [value: string, label: string])[],
  value: string,
) {
  const made = element('select', '');
  for (const [of, label] of options) made.append(new Option(label, of, false, of === value));
  return made;
}
