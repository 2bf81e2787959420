import { CHECKPOINT_FOLDER } from '../executor.ts';
import { TWIN_EXIT } from './state.ts';
import { render } from './template.ts';
import type { Template, Values } from './template.ts';

/** What a job runs where a site has no template of its own. */
export const DEFAULT_TEMPLATE = `#!/bin/bash
#SBATCH --partition={{partition?}}
#SBATCH --account={{account?}}
#SBATCH --cpus-per-task={{cpus}}
#SBATCH --mem={{memory_mb}}M
#SBATCH --time={{time_minutes}}
#SBATCH --gres={{gres?}}
#SBATCH --exclude={{exclude?}}
{{node}} {{program}} --order {{model_path}}/order.json --data {{model_path}}/data.json --output {{output_path}}
`;

/** What a script is made of. */
export interface Script {
  readonly template: Template;
  readonly values: Values;
  /** Lines of the configuration, such as `module load`. */
  readonly setup: readonly string[];
  /** The output folder of the job whose checkpoint it takes up. */
  readonly resumes: string | null;
}

const BEGIN = `umask 077
cd "{{model_path}}" || exit 1
if mkdir claim 2>/dev/null; then
  echo "$SLURM_JOB_ID" >claim/job
elif [ "$(cat claim/job 2>/dev/null)" != "$SLURM_JOB_ID" ]; then
  echo 'Another job of this name has claimed the folder; this one ends.'
  exit ${TWIN_EXIT}
fi
mkdir -p "{{output_path}}"
(`;

const END = `)
code=$?
printf '{"code":%d,"job":"%s","end":%d}\\n' $code "$SLURM_JOB_ID" "$(date +%s)" >exit.json.part
mv exit.json.part exit.json
exit $code
`;

/**
 * A job's script. First of all it claims its folder: of two jobs of one key the second ends without having touched
 * anything, while one that Slurm has put back comes in again. Last of all it leaves `exit.json`, whole; not where it
 * is killed, for then it does not know how it ends.
 */
export function scriptOf({ template, values, setup, resumes }: Script): string {
  const takeUp =
    resumes === null ? [] : [`cp -r ${resumes}/${CHECKPOINT_FOLDER} "{{output_path}}/" 2>/dev/null || :`];
  return render(
    ['#!/bin/bash', ...template.head, BEGIN, ...takeUp, ...setup, ...template.body, END].join('\n'),
    values,
  );
}
