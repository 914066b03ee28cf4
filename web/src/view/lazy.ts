import type { Client, Member, Message, Room } from '../../../src/client/index.ts';
import type { Conversations, ConversationsActions } from '../inbox/conversations.ts';
import type { endPush, showNotice } from '../inbox/push.ts';
import type { SyncedDrafts } from '../draft-sync.ts';
import type { FileInfo } from '../../../src/client/files.ts';
import type { TokenSource } from '../../../src/client/index.ts';
import type { Tray, TrayOptions } from '../files/tray.ts';
import type { Person } from '../mentions.ts';
import type { Names } from '../names.ts';
import { text } from '../texts.ts';
import type { Leaving } from './ask-before-leaving.ts';
import type { Composer } from './composer.ts';
import type { FileSource } from './files.ts';
import type { messageChoices } from './message-choices.ts';
import type { Choice } from './popover.ts';
import type { PeopleActions, PeoplePanel } from './people.ts';
import type { roomChoices } from './room-choices.ts';
import type { RowContext } from './row-context.ts';
import type { SearchPanel } from './search.ts';
import type { swipeToReply } from './swipe.ts';
import type { KnownRoom } from './switcher.ts';
import type { showPins } from './pins.ts';
import type { ThreadPanel } from './thread.ts';

type ConversationsParts = [drafts: SyncedDrafts, actions: ConversationsActions, life: AbortSignal];

/** @throws Error with a sentence for the user, such as when a newer version of the page has other files */
const extras = () =>
  import('./extras.ts').catch(() => {
    throw new Error(text('notLoaded'));
  });

/** Rarely opened views, loaded when they are first used. All functions reject if that fails. */
export const lazy = {
  async conversations(
    ...[client, ...more]: [Pick<Client, 'inbox'>, ...ConversationsParts]
  ): Promise<Conversations> {
    const [{ Conversations: Made }, inbox] = await Promise.all([extras(), client.inbox()]);
    return new Made(inbox, ...more);
  },
  async notice(...shown: Parameters<typeof showNotice>): Promise<void> {
    const { showNotice: show } = await extras();
    await show(...shown);
  },
  async endPush(...of: Parameters<typeof endPush>): Promise<void> {
    const { endPush: end } = await extras();
    await end(...of);
  },
  async emoji(anchor: HTMLElement, label: string, choose: (emoji: string) => void): Promise<void> {
    const { openEmoji } = await extras();
    openEmoji(anchor, label, choose);
  },
  async invite(
    room: Room,
    known: readonly Person[],
    invited: (member: Member) => void,
  ): Promise<void> {
    const { openInvite } = await extras();
    openInvite(room, known, invited);
  },
  async date(room: Room, jump: (seq: number) => void): Promise<void> {
    const { askDate } = await extras();
    askDate(room, jump);
  },
  async switcher(known: readonly KnownRoom[], open: (roomId: string) => void): Promise<void> {
    const { openSwitcher } = await extras();
    openSwitcher(known, open);
  },
  async search(room: Room, names: Names, jump: (seq: number) => void): Promise<SearchPanel> {
    const { SearchPanel: Panel } = await extras();
    return new Panel(room, names, jump);
  },
  async people(room: Room, names: Names, actions: PeopleActions): Promise<PeoplePanel> {
    const { PeoplePanel: Panel } = await extras();
    return new Panel(room, names, actions);
  },
  async thread(context: RowContext, seq: number, composer: Composer): Promise<ThreadPanel> {
    const { ThreadPanel: Panel } = await extras();
    return new Panel(context, seq, composer);
  },
  /** @param token of this user; undefined for a guest */
  files(token: TokenSource | undefined): FileSource {
    let files: ReturnType<FileSource> | undefined;
    const make = async () => {
      const { Files } = await extras();
      return new Files({ token });
    };
    return () => {
      files ??= make().catch((error: unknown) => {
        files = undefined;
        throw error;
      });
      return files;
    };
  },
  async showFiles(
    list: HTMLElement,
    shown: readonly FileInfo[],
    roomId: string,
    source: FileSource,
  ): Promise<void> {
    const { showFiles } = await extras();
    showFiles(list, shown, { roomId, files: await source() });
  },
  async tray(source: FileSource, options: Omit<TrayOptions, 'files'>): Promise<Tray> {
    const { Tray: Made } = await extras();
    return new Made({ ...options, files: await source() });
  },
  async reactions(room: Room, message: Message): Promise<void> {
    const { openReactions } = await extras();
    openReactions(room, message);
  },
  async room(known: readonly string[], open: (roomId: string) => void): Promise<void> {
    const { askRoom } = await extras();
    askRoom(known, open);
  },
  async leaving(leaving: Leaving): Promise<void> {
    const { askBeforeLeaving } = await extras();
    askBeforeLeaving(leaving);
  },
  async roomChoices(...of: Parameters<typeof roomChoices>): Promise<Choice[]> {
    const { roomChoices: choicesOf } = await extras();
    return choicesOf(...of);
  },
  async messageChoices(...of: Parameters<typeof messageChoices>): Promise<Choice[]> {
    const { messageChoices: choicesOf } = await extras();
    return choicesOf(...of);
  },
  async pins(...of: Parameters<typeof showPins>): Promise<void> {
    const { showPins } = await extras();
    showPins(...of);
  },
  async swipe(...of: Parameters<typeof swipeToReply>): Promise<void> {
    const { swipeToReply } = await extras();
    swipeToReply(...of);
  },
  async shortcuts(): Promise<void> {
    const { showShortcuts } = await extras();
    showShortcuts();
  },
} as const;
