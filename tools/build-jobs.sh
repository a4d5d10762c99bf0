# Sourced by the scripts beside it: sets build_jobs to as many compilers as cores and free memory
# allow, 1.5 GiB for each.
build_jobs=$(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) / (1536 * 1024)))
if [ "$build_jobs" -gt "$(nproc)" ]; then build_jobs=$(nproc); fi
if [ "$build_jobs" -lt 1 ]; then build_jobs=1; fi
