import type { Message, Outgoing } from '../../../src/client/index.ts';
import type { Person } from '../mentions.ts';
import { quotedIn } from '../originals.ts';
import type { Given } from '../reactors.ts';
import { whySilent } from '../rights.ts';
import { durationOf, sentenceOf } from '../sentences.ts';
import { button, element, icon, iconButton, withOwnDirection } from './dom.ts';
import { avatar, nameParts } from './person.ts';
import type { Row } from './row-list.ts';
import type { FailedChange, Scene, Shown } from './scene.ts';
import { beginningOf, textParts } from './text.ts';
import { clockOf, shortClockOf, timeElement } from './times.ts';

/** A text that is longer begins folded. The style sheet shows as many lines of it. */
const MAX_LINES = 20;
const MAX_CHARACTERS = 2_000;

export interface EventIdTracker {
  /** Whether it begins a group of its sender's. */
  isFirst: boolean;
  /** Whether it stands among the answers to one message. */
  isThread: boolean;
  /** How many answers it has. */
  replies: number;
  /** Who has read up to here, as a line; empty when that is not said here. */
  readBy: string;
}

/** A message as one row. */
export function messageRow(scene: Scene, message: Shown, place: EventIdTracker): Row {
  const { room, reactors, originals } = scene;
  const { you, failedChanges } = room.state;
  const { seq, rev } = message;
  const { isThread } = place;
  const answered = answeredBy(message, isThread);
  const original = answered === undefined ? undefined : originals.of(answered);
  const failed = failedChanges.filter(({ payload }) => payload.seq === seq);
  const given = reactors.given(message);
  const mentioned = mentionedPeople(scene, message);
  const isSilent = whySilent(room.state, Date.now()) !== undefined;
  return {
    key: `seq ${seq}`,
    state: JSON.stringify([
      rev,
      place,
      message.isChanging,
      message.message,
      given,
      original?.rev,
      failed.map(({ id }) => id),
      mentioned,
      isSilent,
      you?.userId,
    ]),
    draw: () => {
      const row = frame(scene, message, place);
      row.tabIndex = -1;
      row.dataset['seq'] = String(seq);
      row.classList.toggle('is-mine', message.senderId === you?.userId);
      row.classList.toggle('mentions-me', message.mentions?.includes(you?.userId ?? '') === true);
      if (answered !== undefined) row.append(quote(scene, answered, original));
      // What is read while it grows does not fold under the reader.
      if (message.streaming === true) scene.unfolded.add(seq);
      row.append(...folded(scene, seq, words(message, mentioned, you?.userId), message.message));
      const isDeleted = message.deletedAt !== undefined;
      if (!isDeleted) row.append(...reactions(scene, message, given, isSilent));
      if (place.replies > 0 && !isThread) row.append(thread(scene, seq, place.replies));
      row.append(...failed.map((entry) => refusal(scene, entry)));
      if (place.readBy !== '') row.append(readBy(place.readBy));
      if (!isDeleted) row.append(actions(scene, message, isSilent, row));
      return row;
    },
  };
}

/** A message that is not known to be stored. */
export function unsentRow(
  scene: Scene,
  entry: Outgoing,
  { isFirst, isThread }: Pick<EventIdTracker, 'isFirst' | 'isThread'>,
): Row {
  const { room, originals } = scene;
  const { you, status, outgoing } = room.state;
  const { id, state, problem, payload } = entry;
  const held = outgoing.find(({ retryAt = 0 }) => retryAt > Date.now());
  const isAway = state !== 'failed' && status.name !== 'open';
  const answered = answeredBy(payload, isThread);
  const original = answered === undefined ? undefined : originals.of(answered);
  return {
    key: `id ${id}`,
    state: JSON.stringify([state, fateOf(entry, isAway, held), isFirst, you, original?.rev]),
    draw: () => {
      const senderId = you?.userId ?? '';
      const sender = you?.username ?? 'You';
      const row = frame(scene, { senderId, sender }, { isFirst });
      row.classList.add('is-unsent', 'is-mine');
      if (answered !== undefined) row.append(quote(scene, answered, original));
      const people = mentionedPeople(scene, payload);
      const text = element('p', 'text', ...textParts(payload.message, { people, own: undefined }));
      row.append(withOwnDirection(text));
      row.append(
        problem === undefined ? fate(fateOf(entry, isAway, held), isAway) : failure(scene, entry),
      );
      return row;
    },
  };
}

/** A row with whose it is. */
function frame(
  { room }: Scene,
  message: Pick<Message, 'senderId' | 'sender'> & Partial<Message>,
  { isFirst }: Pick<EventIdTracker, 'isFirst'>,
): HTMLLIElement {
  const { senderId, sender, timestamp, unverified } = message;
  const row = element('li', isFirst ? 'message is-first' : 'message');
  if (isFirst) row.append(avatar(senderId, sender));
  const byline = element('p', isFirst ? 'byline' : 'byline aside');
  byline.append(...nameParts(senderId, sender, unverified === true));
  if (senderId === room.state.you?.userId) byline.append(element('span', 'aside', '(you)'));
  if (timestamp !== undefined) {
    byline.append(' ', timeElement(timestamp));
    if (!isFirst) {
      const beside = element('span', 'beside', shortClockOf(timestamp));
      beside.setAttribute('aria-hidden', 'true');
      row.append(beside);
    }
  }
  row.append(byline);
  return row;
}

function words(message: Shown, people: readonly Person[], own: string | undefined): HTMLElement {
  if (message.deletedAt !== undefined) {
    return element('p', 'text is-deleted', 'This message was deleted.');
  }
  const text = element('p', 'text', ...textParts(message.message, { people, own }));
  text.append(...ending(message));
  if (message.isChanging === true) {
    text.append(' ', element('span', 'edited', '(saving…)'));
  } else if (message.editedAt !== undefined) {
    const edited = element('span', 'edited', '(edited)');
    edited.title = `Edited at ${clockOf(message.editedAt)}`;
    text.append(' ', edited);
  }
  return withOwnDirection(text);
}

/** A long text begins folded, so that one message cannot push away all others. */
function folded({ unfolded }: Scene, seq: number, text: HTMLElement, said: string): HTMLElement[] {
  if (unfolded.has(seq) || !isLong(said)) return [text];
  text.classList.add('is-folded');
  const all = button('Show all', () => {
    unfolded.add(seq);
    text.classList.remove('is-folded');
    all.closest<HTMLElement>('.message')?.focus({ preventScroll: true });
    all.remove();
  });
  all.classList.add('unfold');
  all.tabIndex = -1;
  all.dataset['place'] = 'unfold';
  return [text, all];
}

/** What follows a text that is still being written, or was not written to its end. */
function ending({ streaming, status }: Shown): HTMLElement[] {
  if (streaming === true) return [element('span', 'is-writing', '…')];
  return status === undefined ? [] : [element('span', 'edited', ` (${status})`)];
}

function isLong(text: string): boolean {
  return text.length > MAX_CHARACTERS || text.split('\n', MAX_LINES + 1).length > MAX_LINES;
}

function mentionedPeople(
  { names, room }: Scene,
  { mentions = [] }: Pick<Message, 'mentions'>,
): Person[] {
  const { you, online } = room.state;
  return mentions.flatMap((userId) => {
    const name =
      userId === you?.userId
        ? you.username
        : (online.find((user) => user.userId === userId)?.username ?? names.of(userId));
    return name === undefined ? [] : { userId, name };
  });
}

/** Which message is shown as the answered one; a thread does not repeat its first with each reply. */
function answeredBy(message: Pick<Message, 'replyTo' | 'meta'>, isThread: boolean) {
  return quotedIn(message) ?? (isThread ? undefined : message.replyTo);
}

function quote({ deeds }: Scene, seq: number, original: Message | undefined): HTMLElement {
  const made = button('', () => deeds.jump(seq), 'quote');
  made.tabIndex = -1;
  made.append(icon('reply'), element('span', 'aside', 'In reply to '));
  if (original === undefined) made.append('An earlier message');
  else {
    const { sender, message, deletedAt } = original;
    const said = deletedAt === undefined ? beginningOf(message) : 'This message was deleted.';
    made.append(element('bdi', 'name', sender), withOwnDirection(element('span', 'said', said)));
  }
  return made;
}

function reactions(
  { deeds, reactors }: Scene,
  message: Shown,
  given: readonly Given[],
  isSilent: boolean,
): HTMLElement[] {
  if (given.length === 0) return [];
  const list = element('ul', 'reactions');
  list.ariaLabel = 'Reactions';
  const want = () => reactors.want(message.seq);
  list.addEventListener('pointerenter', want);
  list.addEventListener('focusin', want);
  for (const { emoji, count, isMine, by } of given) {
    const chip = button('', () => deeds.react(message, emoji), 'reaction');
    chip.append(
      withOwnDirection(element('bdi', '', emoji)),
      element('span', 'count', String(count)),
    );
    chip.tabIndex = -1;
    chip.ariaPressed = String(isMine);
    chip.title = `${by} reacted with ${emoji}`;
    chip.dataset['place'] = `reaction ${emoji}`;
    chip.disabled = isSilent;
    list.append(element('li', '', chip));
  }
  return [list];
}

function thread({ deeds }: Scene, seq: number, replies: number): HTMLElement {
  const label = replies === 1 ? '1 reply' : `${replies >= 1_000 ? '1000+' : replies} replies`;
  const made = button('', () => deeds.openThread(seq), 'replies');
  made.tabIndex = -1;
  made.append(icon('thread'), label);
  made.dataset['place'] = 'thread';
  return made;
}

function readBy(line: string): HTMLElement {
  return element('p', 'read-by', icon('read'), `Read by ${line}`);
}

/**
 * One button that offers everything; and beside it, once somebody comes near, what is done most.
 * Before that a long room would be drawn with thousands of buttons that nobody sees.
 */
function actions({ deeds }: Scene, message: Shown, isSilent: boolean, row: HTMLElement) {
  const action = (label: string, name: string, act: (from: HTMLElement) => void) => {
    const made = iconButton(label, name, () => act(made));
    made.tabIndex = row.tabIndex;
    made.dataset['place'] = name;
    return made;
  };
  const more = action('More actions', 'more', (from) => deeds.more(message, from));
  more.ariaHasPopup = 'menu';
  const made = element('div', 'actions', more);
  const comeNear = () => {
    if (made.childElementCount > 1) return;
    const react = action('React', 'react', (from) => deeds.pick(message, from));
    react.ariaHasPopup = 'menu';
    made.prepend(
      react,
      action('Reply', 'reply', () => deeds.reply(message)),
    );
  };
  if (!isSilent) {
    row.addEventListener('pointerenter', comeNear);
    row.addEventListener('focusin', comeNear);
  }
  return made;
}

const CHANGES: Record<FailedChange['name'], string> = {
  editMessage: 'Not changed.',
  deleteMessage: 'Not deleted.',
  addReaction: 'The reaction was not added.',
  removeReaction: 'The reaction was not removed.',
};

/** A change that the room would not have. */
function refusal({ deeds }: Scene, { id, name, problem }: FailedChange): HTMLElement {
  const why =
    problem?.code === 'conflict'
      ? 'Somebody changed this message meanwhile; look at it, then try again.'
      : problem && sentenceOf(problem);
  return element(
    'div',
    'fate is-failed',
    element('p', '', `${CHANGES[name]} ${why ?? ''}`),
    button('Try again', () => deeds.retry(id)),
    button('Discard', () => deeds.discard(id)),
  );
}

/** What becomes of what is not sent yet. @param held what waits for its time, in slow mode */
function fateOf({ id }: Outgoing, isAway: boolean, held: Outgoing | undefined): string {
  if (isAway) return 'Not sent yet; it goes out when you are back.';
  if (held === undefined) return 'Sending…';
  if (held.id !== id) return 'Waits for the one before.';
  return `Goes out in ${durationOf((held.retryAt ?? 0) - Date.now())}.`;
}

function fate(sentence: string, isAway: boolean): HTMLElement {
  return element('p', 'fate', icon(isAway ? 'waiting' : 'sending'), sentence);
}

function failure({ deeds }: Scene, entry: Outgoing): HTMLElement {
  const { id, problem } = entry;
  return element(
    'div',
    'fate is-failed',
    element('p', '', `Not sent. ${problem === undefined ? '' : sentenceOf(problem)}`),
    button('Send again', () => deeds.retry(id)),
    button('Edit', () => deeds.rewrite(entry)),
    button('Discard', () => deeds.discard(id)),
  );
}
