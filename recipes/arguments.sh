# Sourced by all recipes: their arguments, and the switch that says who gets the credit. A recipe sets `settings`, a line
# each: NAME=default, what it is.

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
  "METHOD=egca          who gets the credit: egca, paper (its rule to the letter), grpo, executed (StepCoder), random, late,
                       soft, correct_only, w_reinforce, entropy (the top fifth of tokens), ppo"
  "SOFT=0.5             share of the advantage that stays uniform, for METHOD=soft"
  "DEBUGGER_URL=        of a debugger's server that runs, in place of one that DEBUGGER=1 starts; several with commas
                       (default: EGCA_DEBUGGER_URL)"
  "SEED=0               of data order, sampling and engine"
  "RUN=                 the run's name under runs/ (default: the unfinished run of the same command, or the next number)"
)
overrides=() dry_run=

read_arguments() { # KEY=VALUE into variables, flags; the rest are overrides of verl's config
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

debugger_served_by() { # "$@" prints the command that serves it at $HOST and $PORT; sets `served` for the launcher, `asks` for the trainer
  served=() asks=()
  [[ $DEBUGGER =~ ^[01]$ ]] || refuse "DEBUGGER=$DEBUGGER: choose 1 or 0"
  [[ $METHOD =~ ^(egca|soft|paper)$ ]] || return 0 # the others ask nobody
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
  asks=("egca.debugger.urls=[{debugger}]") # filled in by the launcher, since the same run may go on with another server
}

# METHOD=paper: the rule of arXiv 2603.16158 to the letter, wherever a default of egca.yaml is another one.
paper=(
  egca.span_weight=full          # the whole advantage on the blamed span
  egca.failing_case=first        # localized on the first failing test
  egca.granularity=statement     # a step of the trace is named, and its statement is the span
  egca.runtime_errors=reported   # an exception is blamed where the interpreter reports it
  egca.gates.comparability=paper # unlike the reference: CONSTRAINT, before anything is localized
  egca.twins=off
)

credit_rule() { # sets `rule`: the overrides that make METHOD of a recipe whose defaults are EGCA's; `asks` says whether a debugger is, `critic` has PPO's
  case $METHOD in
    egca) rule=() ;;
    paper)
      rule=("${paper[@]}" egca.localizer=debugger) # who names the first divergence of the two traces
      if [ -z "${asks[*]-}" ]; then
        rule=("${paper[@]}" egca.localizer=trace)
        echo "$0: METHOD=paper without a debugger: the first divergence itself is blamed (egca.localizer=trace)" >&2
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
