// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.c - the table of a profile; see report.h.
 *
 * Shares are of the processor time that the run took, so they add up to 100 %; what the
 * processors did else, or not at all, is a line of its own below. If the kernel was not
 * sampled, its share is what the samples do not account for.
 */
#include <stdlib.h>
#include <string.h>
#include "profile/report.h"

#define TOP_FUNCTIONS 20
#define TOP_CALLS     12
#define LEAST	      0.001 /* shares below are not listed */

struct line {
	const char *name;
	const char *what;
	enum layer layer;
	double share;
};

static int by_share(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* What a weight of 1 is of all processor time, and what the hidden kernel's share is. */
static double report_unit(const struct report *r, double *hidden)
{
	double weight = (double)(r->trace->weight ? r->trace->weight : 1);
	double seen = weight / r->units;

	*hidden = 0;
	if (r->host_hidden && r->cpu > seen)
		*hidden = (r->cpu - seen) / r->cpu;
	return (1 - *hidden) / weight;
}

static unsigned int top_functions(const struct report *r, struct line lines[TOP_FUNCTIONS])
{
	const struct fold *f = &r->trace->fold;
	struct line *all = calloc(f->nfunctions ? f->nfunctions : 1, sizeof(*all));
	unsigned int n = 0;
	double hidden, one = report_unit(r, &hidden);

	if (!all)
		return 0;
	for (uint32_t i = 0; i < f->nfunctions; i++)
		all[i] = (struct line){f->functions[i].name, "", f->functions[i].layer,
				       one * (double)f->functions[i].self};
	qsort(all, f->nfunctions, sizeof(*all), by_share);
	for (; n < f->nfunctions && n < TOP_FUNCTIONS && all[n].share >= LEAST; n++)
		lines[n] = all[n];
	free(all);
	return n;
}

static unsigned int top_calls(const struct report *r, struct line lines[TOP_CALLS])
{
	double hidden, one = report_unit(r, &hidden);
	unsigned int n = 0, total = 0;
	struct line *all;

	for (const struct host_call *c = r->trace->calls; c; c = c->next)
		total++;
	all = calloc(total + 1, sizeof(*all));
	if (!all)
		return 0;
	for (const struct host_call *c = r->trace->calls; c; c = c->next, n++)
		all[n] = (struct line){r->trace->fold.functions[c->function].name,
				       c->engine ? "engine" : "program",
				       r->trace->fold.functions[c->function].layer,
				       one * (double)c->weight};
	qsort(all, total, sizeof(*all), by_share);
	for (n = 0; n < total && n < TOP_CALLS && all[n].share >= LEAST; n++)
		lines[n] = all[n];
	free(all);
	return n;
}

static double layer_share(const struct report *r, enum layer layer)
{
	double hidden, one = report_unit(r, &hidden), sum = layer == LAYER_HOST ? hidden : 0;

	for (unsigned int i = 0; i < ROWS; i++) {
		if (row_info[i].layer == layer)
			sum += one * (double)r->trace->rows[i];
	}
	return sum;
}

static void put_rows(FILE *out, const struct report *r, const char *prefix)
{
	double hidden, one = report_unit(r, &hidden), sum = 0;

	for (unsigned int l = 0; l < LAYERS; l++) {
		double share = layer_share(r, (enum layer)l);

		sum += share;
		fprintf(out, "%s%-34s %8.3f s %6.1f %%\n", prefix, layer_name((enum layer)l),
			share * r->cpu, share * 100);
		if (l == LAYER_PROGRAM || l == LAYER_WAIT)
			continue;
		for (unsigned int i = 0; i < ROWS; i++) {
			double part = one * (double)r->trace->rows[i];

			if (row_info[i].layer == (enum layer)l && part >= LEAST)
				fprintf(out, "%s  %-32s %8.3f s   %6.1f %%\n", prefix,
					row_info[i].name, part * r->cpu, part * 100);
		}
		if (l == LAYER_HOST && hidden >= LEAST)
			fprintf(out, "%s  %-32s %8.3f s   %6.1f %%\n", prefix,
				"not permitted to look into", hidden * r->cpu, hidden * 100);
	}
	fprintf(out, "%s%-34s %8.3f s %6.1f %%\n", prefix, "sum", sum * r->cpu, sum * 100);
}

/* What the processors did meanwhile. */
static void put_processors(FILE *out, const struct report *r, const char *prefix)
{
	double all = r->wall * r->processors > 0 ? r->wall * r->processors : 1;
	double own = 100 * r->cpu / all, others = 100 * r->others / all;

	fprintf(out, "%sof %u processors it had %.1f %%, ", prefix, r->processors, own);
	if (r->others >= 0)
		fprintf(out, "other processes %.1f %%, idle %.1f %%\n", others,
			own + others < 100 ? 100 - own - others : 0);
	else
		fprintf(out, "idle or others' %.1f %%\n", own < 100 ? 100 - own : 0);
}

void report_table(FILE *out, const struct report *r, const char *prefix)
{
	struct line lines[TOP_FUNCTIONS > TOP_CALLS ? TOP_FUNCTIONS : TOP_CALLS];
	unsigned int n;

	fprintf(out,
		"%swhere the time goes: %.3f s of processor time in %.3f s, %llu samples (%s)\n",
		prefix, r->cpu, r->wall, (unsigned long long)r->trace->samples, r->how);
	put_rows(out, r, prefix);
	put_processors(out, r, prefix);
	n = top_calls(r, lines);
	if (n)
		fprintf(out, "%shost calls, with all they do in the host's kernel\n", prefix);
	for (unsigned int i = 0; i < n; i++)
		fprintf(out, "%s  %-26s %-10s %17.1f %%\n", prefix, lines[i].name, lines[i].what,
			lines[i].share * 100);
	n = top_functions(r, lines);
	if (n)
		fprintf(out, "%sfunctions, without what they call\n", prefix);
	for (unsigned int i = 0; i < n; i++)
		fprintf(out, "%s  %-36.36s %-12s %5.1f %%\n", prefix, lines[i].name,
			layer_name(lines[i].layer), lines[i].share * 100);
	if (r->lost)
		fprintf(out, "%s%llu samples were lost: choose a lower --frequency\n", prefix,
			(unsigned long long)r->lost);
	if (r->graph)
		fprintf(out, "%sflame graph: %s\n", prefix, r->graph);
}

static void put_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			fprintf(out, "\\u%04x", *s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

static void put_lines(FILE *out, const char *key, const struct line *lines, unsigned int n)
{
	fprintf(out, ",\"%s\":[", key);
	for (unsigned int i = 0; i < n; i++) {
		fputs(i ? ",{\"name\":" : "{\"name\":", out);
		put_string(out, lines[i].name);
		fputs(",\"layer\":", out);
		put_string(out, layer_name(lines[i].layer));
		if (*lines[i].what) {
			fputs(",\"by\":", out);
			put_string(out, lines[i].what);
		}
		fprintf(out, ",\"share\":%.5f}", lines[i].share);
	}
	fputc(']', out);
}

void report_json(FILE *out, const struct report *r)
{
	struct line lines[TOP_FUNCTIONS > TOP_CALLS ? TOP_FUNCTIONS : TOP_CALLS];
	double hidden, one = report_unit(r, &hidden);

	fprintf(out,
		"{\"wall_seconds\":%.6f,\"cpu_seconds\":%.6f,\"accounted_seconds\":%.6f,\"seen_"
		"seconds\":%.6f,\"others_"
		"seconds\":%.6f,"
		"\"processors\":%u,"
		"\"samples\":%llu,\"lost\":%llu,\"broken_stacks\":%llu,\"source\":",
		r->wall, r->cpu, r->accounted, (double)r->trace->weight / r->units, r->others,
		r->processors, (unsigned long long)r->trace->samples, (unsigned long long)r->lost,
		(unsigned long long)r->trace->broken);
	put_string(out, r->how);
	fputs(",\"layers\":{", out);
	for (unsigned int l = 0; l < LAYERS; l++) {
		if (l)
			fputc(',', out);
		put_string(out, layer_name((enum layer)l));
		fprintf(out, ":%.5f", layer_share(r, (enum layer)l));
	}
	fputs("},\"rows\":{", out);
	for (unsigned int i = 0; i < ROWS; i++) {
		if (i)
			fputc(',', out);
		put_string(out, row_info[i].key);
		fprintf(out, ":%.5f", one * (double)r->trace->rows[i]);
	}
	fprintf(out, ",\"host_hidden\":%.5f}", hidden);
	put_lines(out, "host_calls", lines, top_calls(r, lines));
	put_lines(out, "functions", lines, top_functions(r, lines));
	if (r->graph) {
		fputs(",\"graph\":", out);
		put_string(out, r->graph);
	}
	fputs("}\n", out);
}
