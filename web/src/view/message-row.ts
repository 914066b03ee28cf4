import type { Message, Outgoing } from '../../../src/client/index.ts';
import type { Person } from '../mentions.ts';
import { quotedIn } from '../reply-targets.ts';
import type { ShownReaction } from '../reactors.ts';
import { whyCannotSend } from '../rights.ts';
import { durationOf, sentenceOf } from '../sentences.ts';
import { button, element, icon, iconButton, withOwnDirection, timeElement } from './dom.ts';
import { fileList, messageSummary } from './files.ts';
import { patch } from './patch.ts';
import { avatar, nameParts } from './person.ts';
import type { Row } from './row-list.ts';
import type { FailedChange, RowContext, Shown } from './row-context.ts';
import { beginningOf, isLargeEmoji, type Mentioned, messageParts } from './text.ts';
import { withClosedFence } from '../markdown.ts';
import { clockOf, shortClockOf } from '../times.ts';
import { text } from '../texts.ts';

/** A longer text is folded at first. The style sheet shows as many lines of it. */
const MAX_LINES = 20;
const MAX_CHARACTERS = 2_000;

export interface RowPlace {
  /** Whether it begins a group of messages of one sender. */
  isFirst: boolean;
  /** Whether it is shown in a thread. */
  isThread: boolean;
  /** How many replies it has. */
  replies: number;
  /** The names of users who have read up to here; empty if this row does not show them. */
  readBy: string;
}

/** A message as one row. */
export function messageRow(context: RowContext, message: Shown, place: RowPlace): Row {
  const { room, reactors, replyTargets } = context;
  const { you, failedChanges } = room.state;
  const { seq, rev } = message;
  const { isThread } = place;
  const answered = answeredBy(message, isThread);
  const original = answered === undefined ? undefined : replyTargets.of(answered);
  const failed = failedChanges.filter(({ payload }) => payload.seq === seq);
  const given = reactors.reactionsTo(message);
  const mentioned = mentionedPeople(context, message);
  const isSilent = whyCannotSend(room.state, Date.now()) !== undefined;
  const said = () => words(message, mentioned, you?.userId);
  return {
    key: `seq ${seq}`,
    state: JSON.stringify([
      place,
      message.isChanging,
      message.sender,
      message.editedAt,
      message.deletedAt,
      message.files?.length,
      given,
      original?.rev,
      failed.map(({ id }) => id),
      mentioned,
      isSilent,
      you?.userId,
    ]),
    // A text that grows is updated in its row, so that a selection in it stays.
    version: JSON.stringify([rev, message.message]),
    update: (row) => {
      const shown = row.querySelector<HTMLElement>(':scope > .text');
      const made = said();
      shown?.classList.toggle('is-large', made.classList.contains('is-large'));
      if (shown !== null) patch(shown, made);
    },
    draw: () => {
      const row = frame(context, message, place);
      row.tabIndex = -1;
      row.dataset['seq'] = String(seq);
      row.classList.toggle('is-mine', message.senderId === you?.userId);
      row.classList.toggle('mentions-me', message.mentions?.includes(you?.userId ?? '') === true);
      if (answered !== undefined) row.append(quote(context, answered, original));
      // A text that is read while it grows must not be folded.
      if (message.streaming === true) context.unfolded.add(seq);
      row.append(...folded(context, seq, said(), message.message));
      const isDeleted = message.deletedAt !== undefined;
      row.append(...fileList(context, message.files ?? []));
      if (!isDeleted) row.append(...reactions(context, message, given, isSilent));
      if (place.replies > 0 && !isThread) row.append(thread(context, seq, place.replies));
      row.append(...failed.map((entry) => refusal(context, entry)));
      if (place.readBy !== '') row.append(readBy(place.readBy));
      if (!isDeleted) row.append(actionBar(context, message, isSilent, row));
      return row;
    },
  };
}

/** A message that is not known to be stored. */
export function unsentRow(
  context: RowContext,
  entry: Outgoing,
  { isFirst, isThread }: Pick<RowPlace, 'isFirst' | 'isThread'>,
): Row {
  const { room, replyTargets } = context;
  const { you, status, outgoing } = room.state;
  const { id, state, problem, payload } = entry;
  const held = outgoing.find(({ retryAt = 0 }) => retryAt > Date.now());
  const isAway = state !== 'failed' && status.name !== 'open';
  const answered = answeredBy(payload, isThread);
  const original = answered === undefined ? undefined : replyTargets.of(answered);
  return {
    key: `id ${id}`,
    state: JSON.stringify([
      state,
      unsentSentence(entry, isAway, held),
      isFirst,
      you,
      original?.rev,
    ]),
    draw: () => {
      const senderId = you?.userId ?? '';
      const sender = you?.username ?? text('you');
      const row = frame(context, { senderId, sender }, { isFirst });
      row.classList.add('is-unsent', 'is-mine');
      if (answered !== undefined) row.append(quote(context, answered, original));
      const people = mentionedPeople(context, payload);
      row.append(body(payload.message || '\u{1F4CE}', { people, own: undefined }));
      row.append(
        problem === undefined
          ? fate(unsentSentence(entry, isAway, held), isAway)
          : failure(context, entry),
      );
      return row;
    },
  };
}

/** A row with the sender's name and the time, without the message. */
function frame(
  { room }: RowContext,
  message: Pick<Message, 'senderId' | 'sender'> & Partial<Message>,
  { isFirst }: Pick<RowPlace, 'isFirst'>,
): HTMLLIElement {
  const { senderId, sender, timestamp } = message;
  const row = element('li', isFirst ? 'message is-first' : 'message');
  if (isFirst) row.append(avatar(senderId, sender));
  const byline = element('p', isFirst ? 'byline' : 'byline aside');
  byline.append(...nameParts(senderId, sender, message));
  if (senderId === room.state.you?.userId) byline.append(element('span', 'aside', text('youMark')));
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
    return element('p', 'text is-deleted', text('deletedMessage'));
  }
  const said = body(shownText(message), { people, own });
  said.append(...ending(message));
  if (message.isChanging === true) {
    said.append(' ', element('span', 'edited', text('saving')));
  } else if (message.editedAt !== undefined) {
    const edited = element('span', 'edited', text('edited'));
    edited.title = text('editedAt', { time: clockOf(message.editedAt) });
    said.append(' ', edited);
  }
  return said;
}

/** A text without empty lines at its end; while it streams, or if it was cut off, its code is closed. */
function shownText({ message, streaming, status }: Shown): string {
  const trimmed = message.trimEnd();
  const said = message.slice(trimmed.length).includes('\n') ? trimmed : message;
  return streaming === true || status !== undefined ? withClosedFence(said) : said;
}

function body(said: string, mentioned: Mentioned): HTMLElement {
  const isLarge = isLargeEmoji(said);
  const made = element('div', isLarge ? 'text is-large' : 'text', ...messageParts(said, mentioned));
  return withOwnDirection(made);
}

/** A long text begins folded, so that one message cannot push away all others. */
function folded(
  { unfolded }: RowContext,
  seq: number,
  shown: HTMLElement,
  said: string,
): HTMLElement[] {
  if (unfolded.has(seq) || !isLong(said)) return [shown];
  shown.classList.add('is-folded');
  const all = button(text('showAll'), () => {
    unfolded.add(seq);
    shown.classList.remove('is-folded');
    all.closest<HTMLElement>('.message')?.focus({ preventScroll: true });
    all.remove();
  });
  all.classList.add('unfold');
  all.tabIndex = -1;
  all.dataset['place'] = 'unfold';
  return [shown, all];
}

const ENDINGS = {
  stopped: 'stopped',
  failed: 'failed',
  interrupted: 'interrupted',
} as const satisfies Record<NonNullable<Message['status']>, string>;

/** The sign after a text that is still being written, or was not completed. */
function ending({ streaming, status }: Shown): HTMLElement[] {
  if (streaming === true) return [element('span', 'is-writing', '…')];
  return status === undefined ? [] : [element('span', 'edited', ` ${text(ENDINGS[status])}`)];
}

function isLong(said: string): boolean {
  return said.length > MAX_CHARACTERS || said.split('\n', MAX_LINES + 1).length > MAX_LINES;
}

function mentionedPeople(
  { names, room }: RowContext,
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

/** `seq` of the message that is quoted; a thread does not quote its first message with each reply. */
function answeredBy(message: Pick<Message, 'replyTo' | 'meta'>, isThread: boolean) {
  return quotedIn(message) ?? (isThread ? undefined : message.replyTo);
}

function quote({ actions }: RowContext, seq: number, original: Message | undefined): HTMLElement {
  const made = button('', () => actions.jump(seq), 'quote');
  made.tabIndex = -1;
  made.append(icon('reply'), element('span', 'aside', text('inReplyTo')));
  if (original === undefined) made.append(text('earlierMessage'));
  else {
    const { sender, message, files, deletedAt } = original;
    const said =
      deletedAt === undefined
        ? beginningOf(messageSummary(message, files))
        : text('deletedMessage');
    made.append(element('bdi', 'name', sender), withOwnDirection(element('span', 'said', said)));
  }
  return made;
}

function reactions(
  { actions, reactors }: RowContext,
  message: Shown,
  given: readonly ShownReaction[],
  isSilent: boolean,
): HTMLElement[] {
  if (given.length === 0) return [];
  const list = element('ul', 'reactions');
  list.ariaLabel = text('reactions');
  const want = () => reactors.load(message.seq);
  list.addEventListener('pointerenter', want);
  list.addEventListener('focusin', want);
  for (const { emoji, count, isMine, by } of given) {
    const chip = button('', () => actions.react(message, emoji), 'reaction');
    chip.append(
      withOwnDirection(element('bdi', '', emoji)),
      element('span', 'count', String(count)),
    );
    chip.tabIndex = -1;
    chip.ariaPressed = String(isMine);
    chip.title = text('reactedWith', { names: by, emoji });
    chip.dataset['place'] = `reaction ${emoji}`;
    chip.disabled = isSilent;
    list.append(element('li', '', chip));
  }
  return [list];
}

function thread({ actions }: RowContext, seq: number, replies: number): HTMLElement {
  const label = text('replies', { count: replies >= 1_000 ? '1000+' : replies });
  const made = button('', () => actions.openThread(seq), 'replies');
  made.tabIndex = -1;
  made.append(icon('thread'), label);
  made.dataset['place'] = 'thread';
  return made;
}

function readBy(line: string): HTMLElement {
  return element('p', 'read-by', icon('read'), text('readBy', { names: line }));
}

/**
 * Buttons for the most common actions, and one for the whole menu. They are made when the row is pointed
 * at or focused: otherwise a long room would be drawn with thousands of invisible buttons.
 */
function actionBar({ actions }: RowContext, message: Shown, isSilent: boolean, row: HTMLElement) {
  const action = (label: string, name: string, act: (from: HTMLElement) => void) => {
    const made = iconButton(label, name, () => act(made));
    made.tabIndex = row.tabIndex;
    made.dataset['place'] = name;
    return made;
  };
  const made = element('div', 'actions');
  const addButtons = () => {
    if (made.firstChild !== null) return;
    if (!isSilent) {
      const react = action(text('react'), 'react', (from) => actions.pick(message, from));
      react.ariaHasPopup = 'menu';
      const reply = action(text('reply'), 'reply', () => actions.reply(message));
      made.append(react, reply);
    }
    const more = action(text('moreActions'), 'more', (from) => actions.more(message, from));
    more.ariaHasPopup = 'menu';
    made.append(more);
  };
  row.addEventListener('pointerenter', addButtons);
  row.addEventListener('focusin', addButtons);
  return made;
}

const CHANGES = {
  editMessage: 'notChanged',
  deleteMessage: 'notDeleted',
  addReaction: 'notAdded',
  removeReaction: 'notRemoved',
} as const satisfies Record<FailedChange['name'], string>;

/** A change that the room has refused. */
function refusal({ actions }: RowContext, { id, name, problem }: FailedChange): HTMLElement {
  const why =
    problem?.code === 'conflict' ? text('changedMeanwhile') : problem && sentenceOf(problem);
  return element(
    'div',
    'fate is-failed',
    element('p', '', text(CHANGES[name], { why: why ?? '' })),
    button(text('tryAgain'), () => actions.retry(id)),
    button(text('discard'), () => actions.discard(id)),
  );
}

/** The sentence about an unsent message. @param held the message that slow mode holds back */
function unsentSentence({ id }: Outgoing, isAway: boolean, held: Outgoing | undefined): string {
  if (isAway) return text('notSentYet');
  if (held === undefined) return text('sending');
  if (held.id !== id) return text('waitsForBefore');
  return text('goesOutIn', { time: durationOf((held.retryAt ?? 0) - Date.now()) });
}

function fate(sentence: string, isAway: boolean): HTMLElement {
  return element('p', 'fate', icon(isAway ? 'waiting' : 'sending'), sentence);
}

function failure({ actions }: RowContext, entry: Outgoing): HTMLElement {
  const { id, problem } = entry;
  return element(
    'div',
    'fate is-failed',
    element('p', '', text('notSent', { why: problem === undefined ? '' : sentenceOf(problem) })),
    button(text('sendAgain'), () => actions.retry(id)),
    button(text('edit'), () => actions.rewrite(entry)),
    button(text('discard'), () => actions.discard(id)),
  );
}
