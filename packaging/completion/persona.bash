# SPDX-License-Identifier: GPL-2.0-only
# bash completion for persona(1)

_persona_interfaces() {
	local backend=$1 type name
	for name in /sys/class/net/*; do
		[[ -e $name/type ]] || continue
		type=$(<"$name/type")
		name=${name##*/}
		case $backend:$type in
		*:772) ;;                                  # the loopback
		packet:1 | macvtap:1 | xdp:1 | rawip:519 | rawip:512 | rawip:65534) echo "$name" ;;
		tap:1 | tun:65534) [[ -e /sys/class/net/$name/tun_flags ]] && echo "$name" ;;
		packet:* | rawip:* | tap:* | tun:* | macvtap:* | xdp:* | fd:*) ;;
		*) echo "$name" ;;
		esac
	done
}

# What is offered for the word $1, without what Readline takes for another word before it: all up
# to the last colon or equals sign.
_persona_trim() {
	local cur=$1 breaks=${COMP_WORDBREAKS//[^:=]/} head
	[[ -n $breaks && $cur == *[$breaks]* ]] || return
	head=${cur%[$breaks]*}
	COMPREPLY=("${COMPREPLY[@]#"${cur:0:${#head}+1}"}")
}

_persona_spec() {
	local cur=$1 prefix
	case $cur in
	*,*)
		[[ ${cur##*,} != *=* ]] || return # values are the user's
		prefix=${cur%,*},
		compopt -o nospace
		COMPREPLY=($(compgen -P "$prefix" -W "ip= gw= mac= mtu= name= backup metered" -- "${cur##*,}"))
		[[ ${COMPREPLY[0]-} == *= ]] || compopt +o nospace
		;;
	*:*)
		prefix=${cur%%:*}
		COMPREPLY=($(compgen -P "$prefix:" -W "$(_persona_interfaces "$prefix")" -- "${cur#*:}"))
		;;
	*)
		COMPREPLY=($(compgen -W "$(_persona_interfaces "") packet: rawip: tap: tun: macvtap: xdp: fd: passt: wg:" -- "$cur"))
		[[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace
		;;
	esac
	_persona_trim "$cur"
}

# Where a gateway's packets come from: devices that there are, or new ones
_persona_inlet() {
	local cur=$1
	case $cur in
	tun:* | tap:*)
		COMPREPLY=($(compgen -P "${cur%%:*}:" -W "persona0 $(_persona_interfaces "${cur%%:*}")" -- "${cur#*:}"))
		;;
	*)
		COMPREPLY=($(compgen -W "tun: tap: fd:" -- "$cur"))
		compopt -o nospace
		;;
	esac
	_persona_trim "$cur"
}

_persona_personalities() {
	persona list --json 2>/dev/null |
		sed 's/"backends".*//' | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_persona_ids() {
	persona ps --json 2>/dev/null | grep -o '^.\{0,2\}{"id":[0-9]*' | grep -o '[0-9]*$'
}

_persona_policies="aggregate handover interactive redundant"

# _persona_names schedulers|congestion [PERSONALITY]: what it has of them, or the default one has
_persona_names() {
	local of='"default":true'
	[[ -z ${2-} ]] || of="\"\(name\|path\)\":\"$2\""
	persona list --json 2>/dev/null | sed 's/"backends".*//' | grep -o '{"name":[^{}]*' |
		grep -- "$of" | sed -n "s/.*\"$1\":\[\([^]]*\)\].*/\1/p" | tr -d '"' | tr , ' '
}

# The personality of run $1, or of the first one
_persona_of_run() {
	persona ps --json 2>/dev/null | grep -o '{"id":[0-9]*,"mode":"[a-z]*","personality":"[^"]*"' |
		grep -m 1 -- "\"id\":${1:+$1,}" | sed 's/.*:"//; s/"$//'
}

_persona_set() {
	local cur=$1 id=$2 words
	case $cur in
	policy=*) words=$_persona_policies ;;
	scheduler=*) words=$(_persona_names schedulers "$(_persona_of_run "$id")") ;;
	congestion=*) words=$(_persona_names congestion "$(_persona_of_run "$id")") ;;
	*=*) words="active backup metered" ;;
	*)
		COMPREPLY=($(compgen -W "policy= scheduler= congestion= $(_persona_interfaces "" | sed 's/$/=/') $(_persona_ids)" -- "$cur"))
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return
		;;
	esac
	COMPREPLY=($(compgen -P "${cur%=*}=" -W "$words" -- "${cur##*=}"))
	_persona_trim "$cur"
}

# The words up to the cursor, as _get_comp_words_by_ref -n := has them: Readline parts them
_persona_words() {
	local i glue=
	words=()
	for ((i = 0; i <= COMP_CWORD; i++)); do
		if ((i)) && [[ -n $glue || ${COMP_WORDS[i]} =~ ^[:=]+$ ]]; then
			words[-1]+=${COMP_WORDS[i]}
		else
			words+=("${COMP_WORDS[i]}")
		fi
		glue=
		[[ ${COMP_WORDS[i]} =~ ^[:=]+$ ]] && glue=yes
	done
	cword=$((${#words[@]} - 1))
	cur=${words[cword]} prev=${words[cword - 1]}
}

_persona() {
	local cur prev words cword i first=2 image= option=
	COMPREPLY=()
	if declare -F _get_comp_words_by_ref >/dev/null; then
		_get_comp_words_by_ref -n := cur prev words cword
	else
		_persona_words
	fi
	if ((cword == 1)); then
		COMPREPLY=($(compgen -W "run ps show set exec profile gateway wg list doctor version help --help --version" -- "$cur"))
		return
	fi
	case ${words[1]} in
	list | ps) COMPREPLY=($(compgen -W "--json" -- "$cur")) && return ;;
	help)
		((cword == 2)) && COMPREPLY=($(compgen -W "run ps show set exec profile gateway wg list doctor version help" -- "$cur"))
		return
		;;
	show)
		case $prev in
		--interval) COMPREPLY=($(compgen -W "0.5 1 5 10" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -W "--interval --once --json $(_persona_ids)" -- "$cur")) ;;
		esac
		return
		;;
	set)
		[[ ${words[2]} == *=* ]] || ((cword == 2)) || image=${words[2]}
		_persona_set "$cur" "$image"
		return
		;;
	exec)
		case $cword in
		2)
			COMPREPLY=($(compgen -W "$(_persona_ids)" -- "$cur"))
			return
			;;
		3)
			COMPREPLY=($(compgen -c -W "--" -- "$cur"))
			return
			;;
		esac
		first=3
		;;
	doctor)
		case $prev in
		--mptcp) COMPREPLY=($(compgen -A hostname -- "$cur")) ;;
		*)
			if [[ $cur == -* ]]; then
				COMPREPLY=($(compgen -W "--json --mptcp -i" -- "$cur"))
			else
				_persona_spec "$cur"
			fi
			;;
		esac
		return
		;;
	wg)
		case $prev in
		wg) COMPREPLY=($(compgen -W "init check" -- "$cur")) ;;
		-s | --server) COMPREPLY=($(compgen -A hostname -- "$cur")) ;;
		-p | --paths) COMPREPLY=($(compgen -W "$(_persona_interfaces "")" -- "$cur")) ;;
		-d | --dir) COMPREPLY=($(compgen -d -- "$cur")) ;;
		--port | --network) ;;
		*)
			if [[ ${words[2]} == check && $cur != -* ]]; then
				COMPREPLY=($(compgen -f -- "$cur"))
			elif [[ ${words[2]} == check ]]; then
				COMPREPLY=($(compgen -W "--json" -- "$cur"))
			else
				COMPREPLY=($(compgen -W "--server --paths --dir --port --network --no-psk" -- "$cur"))
			fi
			;;
		esac
		return
		;;
	run | profile | gateway) ;;
	*) return ;;
	esac

	# Behind the options it is another command's line.
	for ((i = first; i < cword; i++)); do
		case ${words[i]} in
		-p | --personality) image=${words[i + 1]} ;;
		--personality=*) image=${words[i]#*=} ;;
		esac
		case ${words[i]} in
		-p | --personality | -i | --interface | -o | --sysctl | --pcap | --vcpus | --mem | --linger | --mode | --policy | --scheduler | --congestion | --output | --frequency | --in | --socks) ((i++)) ;;
		--)
			((i++))
			break
			;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < cword)) || [[ $i == "$cword" && ${words[i - 1]} == -- ]]; then
		if declare -F _command_offset >/dev/null; then
			_command_offset "$i"
		else
			((i == cword)) && COMPREPLY=($(compgen -c -- "$cur"))
		fi
		return
	fi

	if [[ $cur == --*=* ]]; then # --option=value
		option=${cur%%=*}=
		prev=${cur%%=*} cur=${cur#*=}
	fi
	case $prev in
	-p | --personality) COMPREPLY=($(compgen -W "$(_persona_personalities)" -- "$cur") $(compgen -f -- "$cur")) ;;
	-i | --interface) _persona_spec "$cur" ;;
	-o | --sysctl)
		compopt -o nospace
		COMPREPLY=($(compgen -S = -W "$(cd /proc/sys && find net/core net/ipv4 net/ipv6 net/mptcp \
			-maxdepth 1 -type f 2>/dev/null | tr / .)" -- "$cur"))
		;;
	--pcap | --output) COMPREPLY=($(compgen -f -- "$cur")) ;;
	--frequency) COMPREPLY=($(compgen -W "97 250 997 4999" -- "$cur")) ;;
	--vcpus) COMPREPLY=($(compgen -W "1 2 4 8 16" -- "$cur")) ;;
	--mode) COMPREPLY=($(compgen -W "auto inline shadow" -- "$cur")) ;;
	--policy) COMPREPLY=($(compgen -W "$_persona_policies" -- "$cur")) ;;
	--scheduler) COMPREPLY=($(compgen -W "$(_persona_names schedulers "$image")" -- "$cur")) ;;
	--congestion) COMPREPLY=($(compgen -W "$(_persona_names congestion "$image")" -- "$cur")) ;;
	--trace) COMPREPLY=($(compgen -W "sockets calls paths sockets,paths sockets,calls,paths" -- "$cur")) ;;
	--in) _persona_inlet "$cur" ;;
	--socks) COMPREPLY=($(compgen -A hostname -- "$cur")) ;;
	--mem) COMPREPLY=($(compgen -W "32M 64M 128M 256M 1G" -- "$cur")) ;;
	*)
		if [[ $cur == -* ]]; then
			COMPREPLY=($(compgen -W "-p --personality -i --interface --mode --inline --isolate --linger -o --sysctl
				--policy --scheduler --congestion --no-mptcp --pcap --trace -v --verbose --vcpus --mem --help --" -- "$cur"))
			[[ ${words[1]} == profile ]] &&
				COMPREPLY+=($(compgen -W "--output --json --frequency --stops" -- "$cur"))
			[[ ${words[1]} == gateway ]] &&
				COMPREPLY=($(compgen -W "-p --personality -i --interface --in --no-routes --socks --linger
				-o --sysctl --policy --scheduler --congestion --no-mptcp --pcap --trace -v --verbose --vcpus --mem --help --" -- "$cur"))
		else
			COMPREPLY=($(compgen -c -- "$cur"))
		fi
		;;
	esac
	[[ -z $option || $COMP_WORDBREAKS == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/$option}")
}

complete -F _persona persona
