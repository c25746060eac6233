#!/bin/sh
# mkiso.sh ISO KERNEL IMAGE - one ISO that boots as CD and as disk, through BIOS and UEFI.
# Only the GRUB modules that are needed go in: it stays small and loads fast.
set -eu
iso=$1 kernel=$2 image=$3
dir=$(dirname "$iso")/iso.tmp
rm -rf "$dir"
mkdir -p "$dir/boot/grub"
cp "$kernel" "$dir/boot/quoll.elf"
cp "$image" "$dir/boot/quoll.img"
cp "$(dirname "$0")/../boot/grub.cfg" "$dir/boot/grub/grub.cfg"

# test is "[" in grub.cfg; mkrescue's own EFI stub asks for every part_*.
modules="normal iso9660 test multiboot2 all_video
    part_acorn part_amiga part_apple part_bsd part_dfly part_dvh part_gpt part_msdos part_plan
    part_sun part_sunpc"
if ! grub-mkrescue -o "$iso.new" --modules="part_msdos part_gpt iso9660" \
        --install-modules="$modules" --fonts= --locales= --themes= "$dir" >"$dir.log" 2>&1; then
    cat "$dir.log" >&2
    exit 1
fi
rm -rf "$dir" "$dir.log"
mv "$iso.new" "$iso"
