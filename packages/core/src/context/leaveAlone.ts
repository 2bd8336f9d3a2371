import type { Analysis, Block, Group, NeuronGroup } from '@snp/graph';

/** The analysis with some groups frozen, each for a reason of its own; heads whose neurons are among them stay too. */
export function leaveAlone(analysis: Analysis, reasons: ReadonlyMap<string, string>): Analysis {
  const stays = ({ id }: Group) => !reasons.has(id);
  const whole = (group: NeuronGroup | undefined) => (group && stays(group) ? group : undefined);
  const frozenFor = (reason: string) => ({ node: undefined, operator: undefined, reason });
  const reasonOf = (ids: readonly string[]) => ids.map((id) => reasons.get(id)).find((reason) => reason !== undefined);
  return {
    ...analysis,
    groups: analysis.groups.filter(stays),
    frozen: [
      ...analysis.frozen,
      ...[...analysis.groups, ...analysis.branches].flatMap((group) => {
        const reason = reasons.get(group.id);
        const { kind, units, members } = group;
        return reason === undefined ? [] : [{ kind, units, members, reason: frozenFor(reason) }];
      }),
    ],
    blocks: analysis.blocks.map(
      (block): Block => ({
        ...block,
        queryKey: whole(block.queryKey),
        value: whole(block.value),
        ffn: block.ffn.filter(stays),
      }),
    ),
    heads: analysis.heads.map((heads) => {
      const reason = reasonOf([heads.id, ...heads.parts.map(({ group }) => group.id)]);
      return reason === undefined ? heads : { ...heads, frozen: heads.frozen ?? frozenFor(reason) };
    }),
    branches: analysis.branches.filter(stays),
  };
}
