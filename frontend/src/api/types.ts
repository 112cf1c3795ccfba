/** The one place where generated schema names become the names the application uses. */
import type { components as AuthSchemas } from './auth.gen'
import type { components as ChatSchemas } from './chat.gen'
import type { components as FrameSchemas } from './frames.gen'
import type { components as TodoSchemas } from './todo.gen'

type Auth = AuthSchemas['schemas']
type Todo = TodoSchemas['schemas']
type Chat = ChatSchemas['schemas']
type Frames = FrameSchemas['schemas']

export type Account = Auth['Account']
export type Profile = Auth['Profile']
export type Session = Auth['Session']
export type Issued = Auth['Tokens']
export type Problem = Auth['Problem']

export type List = Todo['List']
export type ListMember = Todo['Member']
export type Task = Todo['Task']
export type NewTask = Todo['NewTask']
export type TaskPatch = Todo['TaskPatch']
export type Role = List['my_role']

export type Room = Chat['RoomView']
export type Message = Chat['Message']
export type NewMessage = Chat['MessageCreate']

export type ClientFrame = Frames['ClientFrame']
export type ServerFrame = Frames['ServerFrame']
export type EventFrame = Frames['EventFrame']
export type SignalFrame = Frames['Signal']
