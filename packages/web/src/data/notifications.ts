import type { Answer, Body } from '@holdfast/client';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answerOf } from './answer.ts';
import { api } from './client.ts';

const path = '/api/notification-channels';
const one = `${path}/{channel}` as const;
const sent = '/api/notification-deliveries';

export type Channel = Answer<typeof one, 'get'>['channel'];
export type NewChannel = Body<typeof path, 'post'>;
export type ChannelChange = Body<typeof one, 'patch'>;
export type ChannelTest = Answer<`${typeof one}/test`, 'post'>;
export type Delivery = Answer<typeof sent, 'get'>['deliveries'][number];
export type DeliveryState = Delivery['status'];

const keys = {
  channels: ['channels'],
  list: ['channels', 'list'],
  channel: (id: string) => ['channels', id],
  deliveries: ['deliveries'],
};
const idOf = (channel: string) => ({ params: { path: { channel } } });

export const useChannels = () =>
  useQuery({
    queryKey: keys.list,
    queryFn: async ({ signal }) => (await answerOf(api.GET(path, { signal }))).channels,
  });

export const useChannel = (id: string) =>
  useQuery({
    queryKey: keys.channel(id),
    queryFn: async ({ signal }) => (await answerOf(api.GET(one, { ...idOf(id), signal }))).channel,
  });

/** The secret of a webhook is in the answer, and never again in any other. */
export function useCreateChannel() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: NewChannel) => (await answerOf(api.POST(path, { body }))).channel,
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.channels }),
  });
}

/** What is absent stays as it is; the answer to a rotation holds the new secret. */
export function useChangeChannel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: ChannelChange) => (await answerOf(api.PATCH(one, { ...idOf(id), body }))).channel,
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.channels }),
  });
}

/** Sends a message now, and tells what the other side said. */
export function useTestChannel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => await answerOf(api.POST(`${one}/test`, idOf(id))),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keys.channels });
      await queries.invalidateQueries({ queryKey: keys.deliveries });
    },
  });
}

export function useDeleteChannel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      await api.DELETE(one, idOf(id));
    },
    onSuccess: async () => {
      queries.removeQueries({ queryKey: keys.channel(id) });
      await queries.invalidateQueries({ queryKey: keys.list });
    },
  });
}

export interface DeliveryFilter {
  /** Null: of all channels. */
  channel: string | null;
  /** Null: in any state. */
  state: DeliveryState | null;
}

const perPage = 50;
const lookAgainMs = 5000;

/** Newest first, page by page; looked at again while one waits to be sent. */
export const useDeliveries = ({ channel, state }: DeliveryFilter) =>
  useInfiniteQuery({
    queryKey: [...keys.deliveries, channel, state],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam: before, signal }) => {
      const query = {
        limit: String(perPage),
        ...(channel !== null && { channel }),
        ...(state !== null && { state }),
        ...(before !== null && { before }),
      };
      return (await answerOf(api.GET(sent, { params: { query }, signal }))).deliveries;
    },
    getNextPageParam: (page) => (page.length < perPage ? null : (page.at(-1)?.created_at ?? null)),
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some((page) => page.some(({ ended_at: endedAt }) => endedAt === null)) ? lookAgainMs : false,
  });

export function useResend() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (delivery: string) => {
      await api.POST(`${sent}/{delivery}/resend`, { params: { path: { delivery } } });
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.deliveries }),
  });
}
