import type { Analysis, Group } from '@snp/graph';

/** Tells the labels that leave with units of groups and heads. */
export function leavingLabels(
  { walk: { labels }, groups, heads }: Pick<Analysis, 'walk' | 'groups' | 'heads'>,
  removed: (group: Group) => Iterable<number>,
): (label: number) => boolean {
  const classes = new Set<number>();
  const twins = new Set<number>();
  for (const group of groups) for (const unit of removed(group)) classes.add(labels.find(group.labels[unit]));
  for (const set of heads) {
    for (const head of removed(set)) for (const label of set.labelsOf[head]) twins.add(labels.twin(label));
  }
  return (label) => classes.has(labels.find(label)) || (twins.size > 0 && twins.has(labels.twin(label)));
}
