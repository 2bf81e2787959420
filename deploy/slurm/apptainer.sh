#!/bin/bash
#SBATCH --partition={{partition?}}
#SBATCH --account={{account?}}
#SBATCH --cpus-per-task={{cpus}}
#SBATCH --mem={{memory_mb}}M
#SBATCH --time={{time_minutes}}
#SBATCH --gres={{gres?}}
#SBATCH --exclude={{exclude?}}
# A training in a container image that has Node.js 20 or later. The centre puts the claim of the job's folder and its
# exit.json around this; what stands here has to end with the program's own exit code.
apptainer exec --bind {{model_path}} --bind {{program}} {{container_image}} node {{program}} --order {{model_path}}/order.json --data {{model_path}}/data.json --output {{output_path}}
