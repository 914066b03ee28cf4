import {
  type Answers,
  findWay,
  Misfit,
  readName,
  readRoom,
  readToken,
  readTypedRoom,
} from './entry.ts';
import { ofThisWindow, remembered } from './memory.ts';
import { leaveToInputMethod } from './view/composing.ts';
import { SignInForm } from './view/sign-in-form.ts';
import { keepPage } from './view/files.ts';
import { type Ticket, Visit } from './visit.ts';

/** What is asked of a guest where guests are not let in. */
const TOKEN_NEEDED = 'This server asks for a token; paste the one you were given.';
/** The room somebody sees who comes for the first time. */
const FIRST_ROOM = 'general';

const signInForm = new SignInForm(join);
let visit: Visit | undefined;

/** The room that the address names, so that it can be sent to others; empty where it is none. */
function roomInAddress(): string {
  try {
    return readRoom(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return '';
  }
}

async function join(answers: Answers): Promise<void> {
  const token = readToken(answers.token);
  // A token says who somebody is; the name counts only where it does not.
  const name = token !== '' && answers.name.trim() === '' ? '' : readName(answers.name);
  const room = readTypedRoom(answers.room);
  const way = token === '' ? await findWay(name) : ({ kind: 'token', token } as const);
  remembered.set('name', name);
  enter({ name, way, rooms: [room] }, room);
}

function enter(ticket: Ticket, room: string): void {
  signInForm.hide();
  visit = new Visit(ticket, {
    ended: (problem) => {
      visit = undefined;
      history.replaceState(null, '', location.pathname);
      const { way } = ticket;
      const token = problem?.isAboutToken === true && way.kind === 'token' ? way.token : '';
      welcome(remembered.getItem('room') ?? room, token);
      if (problem === undefined) return;
      const { sentence, isAboutToken } = problem;
      const isGuest = way.kind === 'guest';
      if (!isAboutToken) signInForm.tell(new Error(sentence));
      else signInForm.tell(new Misfit('token', isGuest ? TOKEN_NEEDED : sentence));
    },
  });
  visit.open(room);
}

/** @param token one that was refused, to be put right */
function welcome(room = remembered.getItem('room') ?? FIRST_ROOM, token = ''): void {
  signInForm.show({ name: remembered.getItem('name') ?? '', room, token });
}

function lastTicket(): Ticket | undefined {
  try {
    return (JSON.parse(ofThisWindow.getItem('ticket') ?? 'null') as Ticket | null) ?? undefined;
  } catch {
    return undefined;
  }
}

window.addEventListener('hashchange', () => {
  const room = roomInAddress();
  if (room === '' || room === visit?.current) return;
  if (visit === undefined) welcome(room);
  else visit.open(room);
});

leaveToInputMethod();
keepPage();

const ticket = lastTicket();
const room = roomInAddress() || ticket?.rooms.at(-1);
if (ticket !== undefined && room !== undefined) enter(ticket, room);
else welcome(room);
