#!/usr/bin/env bash
# A day at a reseller and the forty after it, offline: a hundred customers, a simulated Partner Center, the verbs that matter.
# It makes ./demo, plays, stops the server it started and leaves the rest for you to go on with.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
demo=$root/demo
mark=.made-by-the-demo
server=
PATH=$root/.venv/bin:$PATH

# Nobody's secrets, here and in the refresh token below: the values that every simulator is seeded with.
export PARTNER_CENTER_SECRET=demo-secret-for-the-simulator-only
# The demo's store is a file that stays here; the rule against file stores on runners that vanish is not for it.
unset CI

stop_server() {
    if [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
        kill "$server"
        wait "$server" 2>/dev/null || true
    fi
    server=
}
trap stop_server EXIT

bold=$'\e[1m' plain=$'\e[0m'
if [[ ! -t 1 || -n ${NO_COLOR:-} ]]; then bold='' plain=''; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# run CODE 'COMMAND LINE'  prints the line, runs it and insists on its exit code.
run() {
    local expected=$1 code=0
    printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
    eval "$2" || code=$?
    if [[ $code -ne $expected ]]; then
        printf 'demo: expected exit code %s, got %s\n' "$expected" "$code" >&2
        exit 1
    fi
    if [[ $code -ne 0 ]]; then printf '(exit code %s)\n' "$code"; fi
}

start_server() {
    rm -f .cspdecl/simulator.ready
    cspdecl simulate serve --tls --port 0 --ca-file .cspdecl/simulator-ca.pem --throttle 6000 --provisioning 2 \
        --pid-file .cspdecl/simulator.pid --ready-file .cspdecl/simulator.ready >.cspdecl/simulator.log 2>&1 &
    server=$!
    for _ in $(seq 300); do
        [[ -s .cspdecl/simulator.ready ]] && return
        if ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 0.1
    done
    echo 'demo: the simulator did not start; its log:' >&2
    cat .cspdecl/simulator.log >&2
    exit 1
}

command -v cspdecl >/dev/null || { echo 'demo: cspdecl is not installed; run `make setup` first' >&2; exit 1; }

if [[ -e $demo && ! -e $demo/$mark ]]; then
    echo "demo: $demo is not from an earlier demo; move it away first" >&2
    exit 1
fi
rm -rf "$demo"
mkdir -p "$demo/.cspdecl"
cd "$demo"
touch "$mark"
cp -R "$root"/manifests/reseller-100/. .
(umask 077 && printf '%s\n' demo-refresh-token-for-the-simulator-only >.cspdecl/refresh-token)

say 'Nordlicht Systemhaus: 100 customers, simulated. Nothing leaves this machine, nothing is bought.'
echo 'The simulator answers 6,000 requests a minute and provisions in 2 seconds. The real Partner Center'
echo 'allows 500 a minute and takes minutes, so the same plan and apply would take about twelve times as long.'
echo 'Its clock stands on 22 November 2026, so that everybody sees the same.'

run 0 'cspdecl simulate seed --from-manifests . --differ ../docs/demo/differences.yaml \
    --prices price-list-2026-11-DE-EUR-made-up.csv --at 2026-11-22T14:02:00Z'
start_server
url=$(cat .cspdecl/simulator.ready)
sed -i.bak "s#https://127\.0\.0\.1:8443#$url#" cspdecl.yaml && rm cspdecl.yaml.bak
echo "Simulator at $url; cspdecl.yaml points to it."

say '1. What can be known offline'
run 0 'cspdecl prices import price-list-2026-11-DE-EUR-made-up.csv'
run 0 'cspdecl validate'

say '2. What would change. The first plan is long: it adopts all that is live already, which writes nothing at the provider.'
run 0 'cspdecl plan --out plan.json > plan.txt'
echo 'plan.txt holds all of it. Five of the hundred customers, and the sum of all:'
run 0 'cspdecl plan --customer hafenkontor --customer weserfrische --customer saar-huetten-logistik \
    --customer buchkunst-leipzig --customer muehlbach'
run 0 'tail -n 2 plan.txt'

say '3. Do it: exactly the plan that was saved'
run 0 'cspdecl apply plan.json'

say '4. Nothing is left to do now'
run 0 'cspdecl plan --detailed-exitcode'

say '5. Somebody adds two seats in the portal, by hand'
run 0 'cspdecl simulate edit hafenkontor "Visio Plan 2" --seats 7'
run 2 'cspdecl drift'

say '6. The manifest still says 5: put it right. The two seats are minutes old, so they go back at once.'
run 0 'cspdecl apply --auto-approve'
run 0 'cspdecl drift'

say '7. What is in the books'
run 0 'cspdecl ledger verify'
run 0 'cspdecl ledger list --address hafenkontor/visio'
run 0 'cspdecl ledger list --address hafenkontor/visio --format json | tail -n 1 | python3 -m json.tool --no-ensure-ascii \
    | sed -n "1,55p"'
echo '    … and so on: term, window, price list, order and correlation id, hashes'

say '8. Before anything is bought: what one change would cost, what ends soon, and what the price list of December does'
run 0 'cspdecl quote hafenkontor/visio --seats 8 --on 2026-12-01'
run 0 'cspdecl renewals --refresh --within 30d > renewals.txt'
run 0 'head -n 26 renewals.txt'
echo '    … and below it what can still be returned'
run 0 'cspdecl simulate prices --raise 5% --from 2026-12-01 --timeline future --out announced-2026-12.csv'
run 0 'cspdecl prices import announced-2026-12.csv --preview 2> notes.txt'
echo 'notes.txt says which rows were left out: trials, and prices of 0.'
run 0 'cspdecl plan --prices next > rehearsal.txt'
run 0 'sed -n "1,10p" rehearsal.txt; echo …; tail -n 3 rehearsal.txt'

say '9. Visio is not needed for a while: suspended it is still billed, and the plan says until when'
run 0 'sed -i.bak "s/seats: 5, reduce: auto/seats: 5, suspended: true, reduce: auto/" customers/hafenkontor.yaml'
rm customers/hafenkontor.yaml.bak
run 0 'cspdecl apply --auto-approve --customer hafenkontor'

say '10. Forty days pass, and the list of December is imported. The simulator charged by arithmetic of its own: do the books agree?'
run 0 'cspdecl simulate advance 40d'
run 0 'cspdecl simulate prices --timeline history --month 202612 --out price-list-2026-12.csv'
run 0 'cspdecl prices import price-list-2026-12.csv 2>> notes.txt'
run 0 'cspdecl record'
run 0 'cspdecl simulate recon --month 2026-12 --unbilled --out recon-2026-12.csv'
run 0 'cspdecl ledger compare recon-2026-12.csv'

stop_server
cat <<EOF

${bold}The server is stopped; project, ledger and the simulated world are in demo/.${plain} To play on:

  cd demo
  export PARTNER_CENTER_SECRET=$PARTNER_CENTER_SECRET PATH="$root/.venv/bin:\$PATH"
  cspdecl simulate serve --tls --port ${url##*:} --ca-file .cspdecl/simulator-ca.pem &

  edit customers/hafenkontor.yaml, then  cspdecl plan  and  cspdecl apply
  cspdecl simulate edit padersoft "Microsoft 365 Copilot Business" --seats 45, then  cspdecl drift
  cspdecl simulate advance 31d, then  cspdecl record,  simulate recon --month 2027-01  and  ledger compare  as above
  kill %1 stops the server
EOF
