# Sourced by all recipes: their arguments, and the rule of credit. A recipe sets `settings`: NAME=default, description.

script=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Shorthands of verl's longest keys.
model=actor_rollout_ref.model
actor=actor_rollout_ref.actor
rollout=actor_rollout_ref.rollout
ref=actor_rollout_ref.ref

settings=(
  "${settings[@]}"
  "NNODES=1             nodes; recipes/slurm/run_egca.sbatch sets it"
  "METHOD=egca          rule of credit: egca, paper (its exact rule), grpo, executed (StepCoder), random, late,
                       soft, correct_only, w_reinforce, entropy (the top fifth of tokens), ppo"
  "SOFT=0.5             share of the advantage that stays uniform, for METHOD=soft"
  "DEBUGGER_URL=        of a running debugger's server, instead of DEBUGGER=1; several with commas
                       (default: EGCA_DEBUGGER_URL)"
  "SEED=0               seed of data order, sampling and engine"
  "RUN=                 the run's name under runs/ (default: the unfinished run of the same command, or the next number)"
)
overrides=() dry_run=

read_arguments() { # sets variables from KEY=VALUE, flags, and `overrides` of verl's config
  local line name argument known=" "
  for line in "${settings[@]}"; do
    name=${line%%=*} line=${line#*=}
    known+="$name "
    [ -n "${!name+set}" ] || printf -v "$name" %s "${line%% *}"
  done
  for argument in "$@"; do
    name=${argument%%=*}
    case $argument in
      --dry-run | --command) dry_run=$argument ;;
      --help | -h)
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$script"
        printf '  %s\n' "${settings[@]}"
        exit 0
        ;;
      [A-Z]*=*)
        [[ $known == *" $name "* ]] || refuse "$name: there is no such setting; known ones are:$known"
        printf -v "$name" %s "${argument#*=}"
        ;;
      -*) refuse "$argument: known flags are --dry-run, --command and --help" ;;
      *) overrides+=("$argument") ;;
    esac
  done
}

refuse() {
  echo "$0: $*" >&2
  exit 2
}

debugger_served_by() { # "$@" prints its command; sets `served` for the launcher, `asks` for the trainer
  served=() asks=()
  [[ $DEBUGGER =~ ^[01]$ ]] || refuse "DEBUGGER=$DEBUGGER: choose 1 or 0"
  [[ $METHOD =~ ^(egca|soft|paper)$ ]] || return 0 # the other methods use no debugger
  DEBUGGER_URL=${DEBUGGER_URL:-${EGCA_DEBUGGER_URL:-}}
  if [ -n "$DEBUGGER_URL" ]; then
    served=(--debugger-url "$DEBUGGER_URL")
  elif [ "$DEBUGGER" = 1 ]; then
    local command
    command=$("$@")
    served=(--debugger "$command")
  else
    return 0
  fi
  asks=("egca.debugger.urls=[{debugger}]") # filled in by the launcher: a resumed run may have another server
}

# METHOD=paper: the exact rule of arXiv 2603.16158, where egca.yaml's defaults differ from it.
paper=(
  egca.span_weight=full          # the whole advantage on the blamed span
  egca.failing_case=first        # localize on the first failing test
  egca.granularity=statement     # the span is the statement of a step of the trace
  egca.runtime_errors=reported   # blame an exception where the interpreter reports it
  egca.gates.comparability=paper # unlike the reference: CONSTRAINT, without localization
  egca.twins=off
)

credit_rule() { # sets `rule`, the overrides of METHOD; reads `asks`, set with a debugger, and `critic`, PPO's overrides
  case $METHOD in
    egca) rule=() ;;
    paper)
      rule=("${paper[@]}" egca.localizer=debugger) # it names the first divergence of the two traces
      if [ -z "${asks[*]-}" ]; then
        rule=("${paper[@]}" egca.localizer=trace)
        echo "$0: METHOD=paper without a debugger: blames the first divergence (egca.localizer=trace); to serve one: DEBUGGER=1" >&2
      fi
      ;;
    grpo) rule=(algorithm.adv_estimator=grpo egca.localizer=uniform) ;;
    ppo) rule=(algorithm.adv_estimator=gae egca.localizer=uniform "${critic[@]}") ;;
    soft) rule=(egca.soft="$SOFT") ;;
    executed | random | late) rule=(egca.localizer="$METHOD") ;;
    correct_only) rule=(egca.localizer=uniform egca.negative_weight=0) ;;
    w_reinforce) rule=(egca.localizer=uniform egca.positive_weight=0.1) ;; # arXiv 2506.01347, lambda
    entropy) rule=(egca.localizer=uniform egca.entropy_share=0.2) ;;       # arXiv 2506.01939
    *) refuse "METHOD=$METHOD: choose egca, paper, grpo, executed, random, late, soft, correct_only, w_reinforce, entropy or ppo" ;;
  esac
}
